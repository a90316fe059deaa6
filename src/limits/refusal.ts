// Turns a shortfall into the refusal a caller reads: which limit, its size, when to come back, in the header names of
// the API that was called. Decides nothing and counts nothing.
import { amountText, isBudget, limitName } from '../core/limits/limit.ts';
import type { ErrorShape } from '../core/wire.ts';
import { type AppError, appError } from '../errors/app-error.ts';
import type { Shortfall } from './meter.ts';

/**
 * Above this the official SDKs must be told not to wait by themselves: one of them sleeps as long as it is told,
 * up to 24.8 days (wire fact F21).
 */
export const RETRY_WAIT_MAX_MS = 60_000;

export interface RefusedRequest {
  readonly model: string;
  readonly shape: ErrorShape;
  readonly timeMs: number;
}

export function refusal(shortfall: Shortfall, request: RefusedRequest): AppError {
  if (shortfall.reason === 'unpriced')
    return appError('unpriced_model', { params: { model: request.model }, internal: shortfall.limit.id });
  const { waitMs } = shortfall;
  return appError(isBudget(shortfall.limit.kind) ? 'budget_exhausted' : 'rate_limited', {
    params: { detail: detailOf(shortfall) },
    internal: shortfall.limit.id,
    headers: headersOf(shortfall, request),
    ...(waitMs === null ? {} : { retryAfterMs: waitMs }),
  });
}

function detailOf(shortfall: Shortfall): string {
  const { limit, amount } = shortfall;
  const size = `The ${limitName(limit)} is ${amountText(limit.kind, amount)}.`;
  return [size, ...stateText(shortfall), ending(shortfall)].join(' ');
}

/** How it stands and what was asked. What the whole house has spent is nobody's business but the admins'. */
function stateText(shortfall: Shortfall): string[] {
  const { limit, used, reserved, need } = shortfall;
  const countsRequests = limit.kind === 'requests_per_minute' || limit.kind === 'concurrent_requests';
  if (countsRequests) return [];
  const state: string[] = [];
  if (isBudget(limit.kind) && limit.scope !== 'house') {
    state.push(`Used: ${text(shortfall, used)}.`);
    if (reserved > 0) state.push(`Reserved by running requests: ${text(shortfall, reserved)}.`);
  }
  state.push(`This request can use up to ${text(shortfall, need)}.`);
  return state;
}

function ending(shortfall: Shortfall): string {
  const { limit, reason, waitMs, resetsMs } = shortfall;
  if (reason === 'too_large') return tooLargeText(shortfall);
  if (reason === 'held' || !isBudget(limit.kind))
    return `Try again in ${Math.max(1, Math.ceil((waitMs ?? 0) / 1_000))} s.`;
  if (resetsMs === null) return 'It does not renew; an admin can raise it.';
  return `It renews at ${new Date(resetsMs).toISOString()}.`;
}

function tooLargeText({ limit, amount }: Shortfall): string {
  const countsRequests = limit.kind === 'requests_per_minute' || limit.kind === 'concurrent_requests';
  if (amount === 0 || countsRequests) return 'Only an admin can raise it.';
  return 'Ask for fewer output tokens, send less, or ask an admin to raise it.';
}

function text(shortfall: Shortfall, amount: number): string {
  return amountText(shortfall.limit.kind, amount);
}

function headersOf(shortfall: Shortfall, request: RefusedRequest): Record<string, string> {
  const { limit, waitMs } = shortfall;
  const headers: Record<string, string> = {};
  if (waitMs === null || waitMs > RETRY_WAIT_MAX_MS) headers['x-should-retry'] = 'false';
  // Neither API has a name for money; there the body and Retry-After say it all.
  if (limit.kind === 'budget_money') return headers;
  const what = limit.kind === 'tokens_per_minute' || limit.kind === 'budget_tokens' ? 'tokens' : 'requests';
  const remaining = Math.max(0, shortfall.amount - shortfall.used - shortfall.reserved);
  if (request.shape === 'anthropic') {
    const prefix = `anthropic-ratelimit-${what}`;
    headers[`${prefix}-limit`] = String(shortfall.amount);
    headers[`${prefix}-remaining`] = String(remaining);
    if (waitMs !== null) headers[`${prefix}-reset`] = new Date(request.timeMs + waitMs).toISOString();
    return headers;
  }
  headers[`x-ratelimit-limit-${what}`] = String(shortfall.amount);
  headers[`x-ratelimit-remaining-${what}`] = String(remaining);
  if (waitMs !== null) headers[`x-ratelimit-reset-${what}`] = durationText(waitMs);
  return headers;
}

/** OpenAI's form: `12ms`, `7.5s`, `6m0s`, `25h0m0s`. */
export function durationText(ms: number): string {
  const whole = Math.max(0, Math.ceil(ms));
  if (whole < 1_000) return `${whole}ms`;
  const hours = Math.floor(whole / 3_600_000);
  const minutes = Math.floor((whole % 3_600_000) / 60_000);
  const rest = Number(((whole % 60_000) / 1_000).toFixed(3));
  if (hours > 0) return `${hours}h${minutes}m${rest}s`;
  return minutes > 0 ? `${minutes}m${rest}s` : `${rest}s`;
}
