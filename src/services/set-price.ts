// Prices that admins set: what a model's tokens cost from now on. Past rows keep the price they were written with.
import { doerOf, type Principal, type RequestOrigin } from '../core/principal.ts';
import { appError } from '../errors/app-error.ts';
import type { Clock } from '../lib/clock.ts';
import { newId } from '../lib/id.ts';
import type { Store } from '../store/open-store.ts';
import { retirePriceOverride, setPriceOverride } from '../store/price-overrides.ts';
import { recordAudit } from './record-audit.ts';

/** US dollars per million tokens; null leaves a rate to fall back to the one for plain input. */
export interface SetPrice {
  /** `provider/model`; `*` stands for anything. */
  readonly pattern: string;
  readonly input: number;
  readonly output: number;
  readonly cached: number | null;
}

export interface PriceAct {
  readonly principal: Principal;
  readonly origin: RequestOrigin;
}

const PATTERN_CHARS_MAX = 300;
const USD_MAX = 1_000_000;

/** Throws AppError `invalid_request` with the field at fault. In force once the price book has read it, within a second. */
export async function setPrice(
  parts: { readonly store: Store; readonly clock: Clock },
  act: PriceAct,
  price: SetPrice,
): Promise<void> {
  const { pattern, input, output, cached } = price;
  if (!/^[^/\s]+\/\S+$/.test(pattern) || pattern.length > PATTERN_CHARS_MAX)
    refuse('pattern', 'A price is for provider/model, with * for anything');
  for (const [field, usd] of Object.entries({ input, output, cached: cached ?? 0 })) {
    if (!Number.isFinite(usd) || usd < 0 || usd > USD_MAX)
      refuse(field, `Dollars per million tokens, from 0 to ${USD_MAX}`);
  }
  const written = { input, output, ...(cached === null ? {} : { cached }) };
  const nowMs = parts.clock.nowMs();
  await parts.store.write.transaction().execute(async (trx) => {
    const row = {
      pattern,
      price: JSON.stringify(written),
      createdMs: nowMs,
      createdBy: act.principal.userId,
    };
    await setPriceOverride(trx, { id: newId('prc'), ...row });
    await recordAudit(trx, {
      nowMs,
      doer: doerOf(act.principal, act.origin),
      action: 'price_set',
      target: { kind: 'price', id: null, name: pattern },
      after: written,
    });
  });
}

/** The bundled price counts again. Throws `object_not_found` when none was set. */
export async function removePrice(
  parts: { readonly store: Store; readonly clock: Clock },
  act: PriceAct,
  pattern: string,
): Promise<void> {
  const nowMs = parts.clock.nowMs();
  await parts.store.write.transaction().execute(async (trx) => {
    if (!(await retirePriceOverride(trx, pattern, nowMs)))
      throw appError('object_not_found', { params: { what: 'Price' } });
    const target = { kind: 'price', id: null, name: pattern };
    await recordAudit(trx, {
      nowMs,
      doer: doerOf(act.principal, act.origin),
      action: 'price_delete',
      target,
    });
  });
}

function refuse(param: string, detail: string): never {
  throw appError('invalid_request', { params: { detail }, param });
}
