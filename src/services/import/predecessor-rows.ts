// Turns rows of the predecessor into ours: pure rules. Its times are naive UTC text, its usage is marked `imported`,
// and nothing it wrote is trusted to be whole (predecessor.md section c names the known lies).
import { USERNAME_CHARS_MAX } from '../../core/identity/user-rules.ts';
import { NO_USAGE, readCount, type TokenUsage } from '../../core/token-usage.ts';
import type { UsageEvent } from '../../core/usage-event.ts';
import type { PredecessorKey, PredecessorUsage, PredecessorUser } from './predecessor-file.ts';

const NANO_PER_USD = 1_000_000_000;
const ERROR_CHARS_MAX = 500;
const TEXT_CHARS_MAX = 256;

/** Milliseconds UTC of `YYYY-MM-DD HH:MM:SS.ffffff`, or null when the text is no such time. */
export function readTime(text: string | null): number | null {
  const found = /^(\d{4}-\d\d-\d\d)[ T](\d\d:\d\d:\d\d)(?:\.(\d{1,6}))?$/.exec(text ?? '');
  if (!found) return null;
  const millis = (found[3] ?? '').padEnd(3, '0').slice(0, 3);
  const ms = Date.parse(`${found[1]}T${found[2]}.${millis}Z`);
  return Number.isNaN(ms) ? null : ms;
}

/** Why this user cannot be taken, or null. */
export function userFault(user: PredecessorUser): string | null {
  if (typeof user.username !== 'string' || user.username.trim() === '') return 'the name is empty';
  if (user.username.length > USERNAME_CHARS_MAX)
    return `the name is longer than ${USERNAME_CHARS_MAX} characters`;
  if (user.username !== user.username.trim()) return 'the name has spaces around it and could never sign in';
  return null;
}

/** Why this key cannot be taken, or null. */
export function keyFault(key: PredecessorKey): string | null {
  if (!/^[0-9a-f]{64}$/.test(String(key.token_hash))) return 'the hash is not 64 hexadecimal digits';
  if (key.expires_at !== null && readTime(key.expires_at) === null) return 'the expiry cannot be read';
  return null;
}

export interface UsageOwners {
  readonly userIds: ReadonlyMap<number, string>;
  readonly keyIds: ReadonlyMap<number, string>;
}

/** The event of one usage row, or the reason why it cannot be one. */
export function toUsageEvent(row: PredecessorUsage, owners: UsageOwners): UsageEvent | string {
  const timeMs = readTime(row.timestamp);
  if (timeMs === null) return 'the time cannot be read';
  const status = readCount(row.status_code);
  if (status === null) return 'the status is not a number';
  const failed = status >= 400 || row.error_type !== null;
  const costNanoUsd = readCost(row.cost_usd);
  return {
    id: usageEventId(row.id),
    timeMs,
    requestId: bounded(row.request_id) ?? usageEventId(row.id),
    userId: row.user_id === null ? null : (owners.userIds.get(row.user_id) ?? null),
    keyId: row.api_key_id === null ? null : (owners.keyIds.get(row.api_key_id) ?? null),
    clientSessionId: null,
    tags: [],
    endpoint: bounded(row.endpoint) ?? '',
    provider: bounded(row.provider),
    modelAsked: bounded(row.model),
    modelServed: null,
    status,
    outcome: failed ? 'error' : 'final',
    streamed: false,
    usage: readUsage(row),
    provenance: 'imported',
    costNanoUsd,
    unpriced: costNanoUsd === null,
    priceVersion: null,
    heldNanoUsd: null,
    heldTokens: null,
    firstByteMs: null,
    durationMs: 0,
    finishReason: null,
    errorType: bounded(row.error_type),
    errorMessage: row.error_message?.slice(0, ERROR_CHARS_MAX) ?? null,
    attempts: [],
  };
}

/** The same row gives the same id on every run. */
export function usageEventId(id: number): string {
  return `req_imported_${String(id).padStart(12, '0')}`;
}

function readUsage(row: PredecessorUsage): TokenUsage {
  const promptTokens = readCount(row.prompt_tokens);
  const completionTokens = readCount(row.completion_tokens);
  // It wrote OpenAI's meaning for every provider: prompt and completion are the comparable totals already.
  return {
    ...NO_USAGE,
    inputTokens: promptTokens,
    outputTokens: completionTokens,
    promptTokens,
    completionTokens,
  };
}

function readCost(usd: number | null): number | null {
  return typeof usd === 'number' && Number.isFinite(usd) && usd >= 0 ? Math.round(usd * NANO_PER_USD) : null;
}

function bounded(text: string | null): string | null {
  return text === null || text === undefined ? null : String(text).slice(0, TEXT_CHARS_MAX);
}
