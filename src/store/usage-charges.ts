// What the usage rows and roll-ups say was charged: where budgets begin after a restart. Reads only.
import type { Kysely } from 'kysely';
import { sql } from 'kysely';
import type { StoreSchema } from './schema.ts';
import { DAY_MS, SLOT_MS } from './usage-scopes.ts';

/** What counts against budgets: known numbers, and what is held for unknown ones. */
export interface Charged {
  readonly nanoUsd: number;
  readonly tokens: number;
}

export interface ChargesAsked {
  /** Whose: `all` for the house (its one owner is ''), every user's, or every key's. */
  readonly kind: 'all' | 'user' | 'key';
  /** On a quarter of an hour, or minus infinity. */
  readonly sinceMs: number;
  /** On a quarter of an hour, or plus infinity. */
  readonly untilMs: number;
  /** Null for all there are. */
  readonly owners: readonly string[] | null;
}

/** SQLite takes 32,766 parameters; far fewer make a longer list slower than reading all. */
export const OWNERS_MAX = 500;

/** Sums by owner. Whole UTC days come from the daily roll-ups, which are never pruned, the ends from the quarters. */
export async function readCharges(
  db: Kysely<StoreSchema>,
  asked: ChargesAsked,
): Promise<Map<string, Charged>> {
  const firstDay = Math.ceil(asked.sinceMs / DAY_MS) * DAY_MS;
  const lastDay = Math.floor(asked.untilMs / DAY_MS) * DAY_MS;
  const charges = new Map<string, Charged>();
  if (firstDay >= lastDay) {
    await addUp(db, charges, { ...asked, table: 'usage_slots' });
    return charges;
  }
  await addUp(db, charges, { ...asked, table: 'usage_slots', untilMs: firstDay });
  await addUp(db, charges, { ...asked, table: 'usage_days', sinceMs: firstDay, untilMs: lastDay });
  await addUp(db, charges, { ...asked, table: 'usage_slots', sinceMs: lastDay });
  return charges;
}

/** One row each of what began at `sinceMs` or later, in order of id, after `afterId`. */
export async function pageChargesOfRows(
  db: Kysely<StoreSchema>,
  page: {
    readonly sinceMs: number;
    readonly after: { timeMs: number; id: string } | null;
    readonly limit: number;
  },
): Promise<ChargedRow[]> {
  let query = db
    .selectFrom('usage_events')
    .select(['id', 'time_ms', 'user_id', 'key_id'])
    .select(sql<number>`coalesce(cost_nano_usd, held_nano_usd, 0)`.as('nano_usd'))
    .select(
      sql<number>`CASE WHEN prompt_tokens IS NULL AND completion_tokens IS NULL
        THEN CASE WHEN cost_nano_usd IS NULL THEN coalesce(held_tokens, 0) ELSE 0 END
        ELSE coalesce(prompt_tokens, 0) + coalesce(completion_tokens, 0) END`.as('tokens'),
    )
    .where('time_ms', '>=', page.sinceMs)
    .orderBy('time_ms')
    .orderBy('id')
    .limit(page.limit);
  const { after } = page;
  if (after !== null) {
    query = query.where((eb) =>
      eb.or([
        eb('time_ms', '>', after.timeMs),
        eb.and([eb('time_ms', '=', after.timeMs), eb('id', '>', after.id)]),
      ]),
    );
  }
  const rows = await query.execute();
  return rows.map((row) => ({
    id: row.id,
    timeMs: row.time_ms,
    userId: row.user_id,
    keyId: row.key_id,
    nanoUsd: Number(row.nano_usd),
    tokens: Number(row.tokens),
  }));
}

export interface ChargedRow extends Charged {
  readonly id: string;
  readonly timeMs: number;
  readonly userId: string | null;
  readonly keyId: string | null;
}

async function addUp(
  db: Kysely<StoreSchema>,
  charges: Map<string, Charged>,
  asked: ChargesAsked & { readonly table: 'usage_slots' | 'usage_days' },
): Promise<void> {
  if (asked.sinceMs >= asked.untilMs) return;
  let query = db
    .selectFrom(`${asked.table} as counted`)
    .innerJoin('usage_scopes', 'usage_scopes.id', 'counted.scope_id')
    .select('usage_scopes.value as owner')
    .select(sql<number>`sum(counted.cost_nano_usd + counted.held_nano_usd)`.as('nano_usd'))
    .select(
      sql<number>`sum(counted.prompt_tokens + counted.completion_tokens + counted.held_tokens)`.as('tokens'),
    )
    .where('usage_scopes.kind', '=', asked.kind)
    .where('usage_scopes.owner', '=', '')
    .groupBy('usage_scopes.value');
  if (asked.owners !== null) query = query.where('usage_scopes.value', 'in', asked.owners);
  if (Number.isFinite(asked.sinceMs)) query = query.where('counted.bucket_ms', '>=', asked.sinceMs);
  if (Number.isFinite(asked.untilMs)) query = query.where('counted.bucket_ms', '<', asked.untilMs);
  for (const row of await query.execute()) {
    const known = charges.get(row.owner) ?? { nanoUsd: 0, tokens: 0 };
    charges.set(row.owner, {
      nanoUsd: known.nanoUsd + Number(row.nano_usd),
      tokens: known.tokens + Number(row.tokens),
    });
  }
}

/** The quarter of an hour that holds `timeMs`, where roll-ups end and rows begin. */
export function slotStart(timeMs: number): number {
  return Math.floor(timeMs / SLOT_MS) * SLOT_MS;
}
