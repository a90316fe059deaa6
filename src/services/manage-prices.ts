// Sets and removes prices of this house, each with its line in the audit log. Old versions stay on record.
import type { Doer } from '../core/principal.ts';
import { appError } from '../errors/app-error.ts';
import type { WrittenPrice } from '../ledger/prices/configured-price.ts';
import type { Clock } from '../lib/clock.ts';
import { newId } from '../lib/id.ts';
import type { Store } from '../store/open-store.ts';
import { listPriceOverrides, retirePriceOverride, setPriceOverride } from '../store/price-overrides.ts';
import { recordAudit } from './record-audit.ts';

export interface ManagePricesDeps {
  readonly store: Store;
  readonly clock: Clock;
}

export interface SetPrice {
  readonly id: string;
  /** `provider/model`; globs allowed. */
  readonly pattern: string;
  readonly price: WrittenPrice;
  readonly createdMs: number;
}

/** Overrides are looked through whenever a new model name is met. */
export const PRICES_MAX = 10_000;
/** Dollars per million tokens; nothing sold comes near. */
const USD_MAX = 1_000_000;
const PATTERN_LENGTH_MAX = 256;

/** In force, newest first. */
export async function listPrices(store: Store): Promise<SetPrice[]> {
  const rows = await listPriceOverrides(store.read);
  return rows.map(({ id, pattern, price, created_ms }) => ({
    id,
    pattern,
    price: JSON.parse(price) as WrittenPrice,
    createdMs: created_ms,
  }));
}

/** In force for requests that begin a moment later. Throws AppError `validation_failed` with the sentence. */
export async function setPrice(
  deps: ManagePricesDeps,
  request: { readonly pattern: string; readonly price: WrittenPrice },
  doer: Doer,
): Promise<void> {
  const { store, clock } = deps;
  const { pattern, price } = request;
  refuseBadPrice(pattern, price);
  const before = (await listPrices(store)).find((each) => each.pattern === pattern);
  if (!before && (await listPriceOverrides(store.read)).length >= PRICES_MAX)
    throw refuse(`There are ${PRICES_MAX} prices, which is the most. Remove some first.`);
  const nowMs = clock.nowMs();
  await store.write.transaction().execute(async (trx) => {
    const row = {
      id: newId('prc'),
      pattern,
      price: JSON.stringify(price),
      createdMs: nowMs,
      createdBy: doer.id,
    };
    await setPriceOverride(trx, row);
    await recordAudit(trx, {
      nowMs,
      doer,
      action: 'price_set',
      target: { kind: 'price', id: row.id, name: pattern },
      ...(before && { before: { ...before.price } }),
      after: { ...price },
    });
  });
}

/** The price list of the release counts again. Throws AppError `object_not_found` when nothing was set. */
export async function removePrice(deps: ManagePricesDeps, pattern: string, doer: Doer): Promise<void> {
  const { store, clock } = deps;
  const nowMs = clock.nowMs();
  await store.write.transaction().execute(async (trx) => {
    if (!(await retirePriceOverride(trx, pattern, nowMs))) {
      throw appError('object_not_found', { params: { what: 'Price' } });
    }
    const target = { kind: 'price', id: pattern, name: pattern };
    await recordAudit(trx, { nowMs, doer, action: 'price_delete', target });
  });
}

function refuseBadPrice(pattern: string, price: WrittenPrice): void {
  if (!/^[^/\s]+\/\S+$/.test(pattern) || pattern.length > PATTERN_LENGTH_MAX)
    throw refuse('A price is for provider/model; globs such as openai/* are allowed.');
  for (const [name, usd] of Object.entries(price)) {
    if (typeof usd !== 'number' || !(usd >= 0 && usd <= USD_MAX))
      throw refuse(`${name} must be dollars from 0 to ${USD_MAX}.`);
  }
}

function refuse(detail: string) {
  return appError('validation_failed', { params: { detail } });
}
