// The counters of one stored row, as SQL: the same rules as countersOf in usage-scopes.ts, which a test holds against each other.
import { type RawBuilder, sql } from 'kysely';
import { COUNTER_NAMES, type CounterName } from './usage-scopes.ts';

const NO_TOKENS = 'e.prompt_tokens IS NULL AND e.completion_tokens IS NULL';

const EXPRESSIONS: Readonly<Record<CounterName, string>> = {
  requests: '1',
  failed: "CASE WHEN e.outcome = 'final' THEN 0 ELSE 1 END",
  prompt_tokens: 'coalesce(e.prompt_tokens, 0)',
  completion_tokens: 'coalesce(e.completion_tokens, 0)',
  cached_tokens: 'coalesce(e.cached_tokens, 0)',
  cache_write_tokens: 'coalesce(e.cache_write_5m_tokens, 0) + coalesce(e.cache_write_1h_tokens, 0)',
  reasoning_tokens: 'coalesce(e.reasoning_tokens, 0)',
  cost_nano_usd: 'coalesce(e.cost_nano_usd, 0)',
  held_nano_usd: 'CASE WHEN e.cost_nano_usd IS NULL THEN coalesce(e.held_nano_usd, 0) ELSE 0 END',
  held_tokens: `CASE WHEN ${NO_TOKENS} THEN coalesce(e.held_tokens, 0) ELSE 0 END`,
  unpriced: 'e.unpriced',
  estimated: "CASE WHEN e.provenance = 'estimated' THEN 1 ELSE 0 END",
  unknown: "CASE WHEN e.provenance = 'unknown' THEN 1 ELSE 0 END",
  attempts: 'e.attempts',
  duration_ms: 'e.duration_ms',
};

/** Each counter of `usage_events e` under its name, in the order of COUNTER_NAMES. */
export const ROW_COUNTERS: RawBuilder<unknown> = sql.join(
  COUNTER_NAMES.map((name) => sql`${sql.raw(EXPRESSIONS[name])} AS ${sql.ref(name)}`),
);

/** The sums of each counter over rows that carry the counters under their names. Text, made once: pages ask for it often. */
export const COUNTER_SUMS: RawBuilder<unknown> = sql.raw(sumsOf('sum'));
const COUNTER_SUMS_TAKEN_OFF: RawBuilder<unknown> = sql.raw(sumsOf('-sum'));

/** The same, with sign -1 for rows that are to be taken off a larger sum. */
export function signedSums(sign: 1 | -1): RawBuilder<unknown> {
  return sign === 1 ? COUNTER_SUMS : COUNTER_SUMS_TAKEN_OFF;
}

function sumsOf(sum: 'sum' | '-sum'): string {
  return COUNTER_NAMES.map((name) => `${sum}(${name}) AS ${name}`).join(', ');
}
