// What one usage event is counted under, and by how much. Pure: the writer, the rebuild and verify share these rules.
import { chargedNanoUsd, chargedTokens, type UsageEvent } from '../core/usage-event.ts';
import { modelLabel } from './usage-row.ts';
import type { UsageCounters } from './usage-schema.ts';

/** A quarter of an hour: every time zone of today begins its hours and days on one. */
export const SLOT_MS = 900_000;
export const DAY_MS = 86_400_000;

export interface Scope {
  readonly kind: string;
  readonly owner: string;
  readonly value: string;
}

export const DIMENSIONS = ['user', 'key', 'model', 'provider', 'tag'] as const;
export type Dimension = (typeof DIMENSIONS)[number];

/**
 * The pairs of dimensions that are counted together, each as the scope kind `owner_of`. Models, providers and tags are not
 * counted against each other: a model's name begins with its provider, and tags are as many as callers like, so each such
 * pair would multiply the counters of the whole house for a question that a filter on one side mostly answers.
 */
export const PAIRS = [
  { owner: 'user', of: 'key' },
  { owner: 'user', of: 'model' },
  { owner: 'user', of: 'provider' },
  { owner: 'user', of: 'tag' },
  { owner: 'key', of: 'model' },
  { owner: 'key', of: 'provider' },
  { owner: 'key', of: 'tag' },
] as const satisfies readonly { owner: Dimension; of: Dimension }[];
export type Pair = (typeof PAIRS)[number];

/** The pair of two dimensions in either order, or null where they are not counted together. */
export function pairOf(first: Dimension, second: Dimension): Pair | null {
  return (
    PAIRS.find(({ owner, of }) => (owner === first && of === second) || (owner === second && of === first)) ??
    null
  );
}

export const COUNTER_NAMES = [
  'requests',
  'failed',
  'prompt_tokens',
  'completion_tokens',
  'cached_tokens',
  'cache_write_tokens',
  'reasoning_tokens',
  'cost_nano_usd',
  'held_nano_usd',
  'held_tokens',
  'unpriced',
  'estimated',
  'unknown',
  'attempts',
  'duration_ms',
] as const satisfies readonly (keyof UsageCounters)[];
export type CounterName = (typeof COUNTER_NAMES)[number];

/** Counted per quarter of an hour, per UTC day and per UTC month. */
export function slotScopes(event: UsageEvent): Scope[] {
  const scopes: Scope[] = [
    { kind: 'all', owner: '', value: '' },
    { kind: 'user', owner: '', value: event.userId ?? '' },
    { kind: 'key', owner: '', value: event.keyId ?? '' },
    { kind: 'model', owner: '', value: modelLabel(event) ?? '' },
    { kind: 'provider', owner: '', value: event.provider ?? '' },
  ];
  for (const tag of new Set(event.tags)) scopes.push({ kind: 'tag', owner: '', value: tag });
  return scopes;
}

/** Counted per UTC day and month only: one user's or one key's share of each dimension. */
export function dayScopes(event: UsageEvent): Scope[] {
  const user = event.userId ?? '';
  const key = event.keyId ?? '';
  const model = modelLabel(event) ?? '';
  const provider = event.provider ?? '';
  const scopes: Scope[] = [
    { kind: 'user_key', owner: user, value: key },
    { kind: 'user_model', owner: user, value: model },
    { kind: 'user_provider', owner: user, value: provider },
    { kind: 'key_model', owner: key, value: model },
    { kind: 'key_provider', owner: key, value: provider },
  ];
  for (const tag of new Set(event.tags)) {
    scopes.push({ kind: 'user_tag', owner: user, value: tag }, { kind: 'key_tag', owner: key, value: tag });
  }
  return scopes;
}

/** The event's share of every counter, in the order of COUNTER_NAMES. */
export function countersOf(event: UsageEvent): number[] {
  const { usage } = event;
  return [
    1,
    event.outcome === 'final' ? 0 : 1,
    Math.round(usage.promptTokens ?? 0),
    Math.round(usage.completionTokens ?? 0),
    Math.round(usage.cachedTokens ?? 0),
    Math.round(usage.cacheWrite5mTokens ?? 0) + Math.round(usage.cacheWrite1hTokens ?? 0),
    Math.round(usage.reasoningTokens ?? 0),
    Math.round(event.costNanoUsd ?? 0),
    Math.round(chargedNanoUsd(event) - (event.costNanoUsd ?? 0)),
    Math.round(chargedTokens(event) - (usage.promptTokens ?? 0) - (usage.completionTokens ?? 0)),
    event.unpriced ? 1 : 0,
    event.provenance === 'estimated' ? 1 : 0,
    event.provenance === 'unknown' ? 1 : 0,
    event.attempts.length,
    Math.round(event.durationMs),
  ];
}

/** Where the UTC month of a moment begins. A month's counter is the sum of its days' counters, for every scope. */
export function monthStartMs(timeMs: number): number {
  const at = new Date(timeMs);
  return Date.UTC(at.getUTCFullYear(), at.getUTCMonth());
}

export function floorTo(timeMs: number, bucketMs: number): number {
  return Math.floor(timeMs / bucketMs) * bucketMs;
}
