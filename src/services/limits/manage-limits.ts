// Sets, raises and removes limits, each with its line in the audit log. Serves the command line, the API and the pages;
// who may do so is decided by the caller.
import type { BudgetPeriod } from '../../core/limits/budget-period.ts';
import {
  amountAt,
  isBudget,
  type Limit,
  type LimitKind,
  type LimitScope,
  limitFault,
  limitName,
  WARN_PERCENT_DEFAULT,
} from '../../core/limits/limit.ts';
import type { Doer } from '../../core/principal.ts';
import { appError } from '../../errors/app-error.ts';
import type { Clock } from '../../lib/clock.ts';
import { newId } from '../../lib/id.ts';
import { findKeyById } from '../../store/api-keys.ts';
import { countLimits, deleteLimit, findLimit, findSameLimit, saveLimit } from '../../store/limits.ts';
import type { Store } from '../../store/open-store.ts';
import { findUserById } from '../../store/users.ts';
import { recordAudit } from '../record-audit.ts';

/** All limits are kept in memory and looked up on every request; this many cost some 50 MB. */
export const LIMITS_MAX = 100_000;

export interface ManageLimitsDeps {
  readonly store: Store;
  readonly clock: Clock;
}

/** What is left out stays as it is, or becomes the default of a new limit. */
export interface SetLimitRequest {
  readonly scope: LimitScope;
  readonly scopeId: string | null;
  readonly kind: LimitKind;
  readonly period: BudgetPeriod | null;
  readonly amount: number;
  readonly timeZone?: string | undefined;
  readonly warnPercent?: number | null | undefined;
  readonly allowUnpriced?: boolean | undefined;
}

/**
 * Makes the limit, or changes the one of the same owner, kind and period. In force on the next request after the server
 * has looked again. Throws AppError `validation_failed` with the sentence, or `object_not_found` for an unknown owner.
 */
export async function setLimit(deps: ManageLimitsDeps, request: SetLimitRequest, doer: Doer): Promise<Limit> {
  const { store, clock } = deps;
  await requireOwner(store, request);
  return store.write.transaction().execute(async (trx) => {
    const before = await findSameLimit(trx, request);
    if (!before && (await countLimits(trx)) >= LIMITS_MAX)
      throw refuse(`There are ${LIMITS_MAX} limits, which is the most. Remove some first.`);
    const limit = merged(request, before);
    const fault = limitFault(limit);
    if (fault) throw refuse(fault);
    const nowMs = clock.nowMs();
    await saveLimit(trx, limit, nowMs);
    await recordAudit(trx, {
      nowMs,
      doer,
      action: 'limit_set',
      target: targetOf(limit),
      ...(before && { before: told(before) }),
      after: told(limit),
    });
    return limit;
  });
}

export interface RaiseLimitRequest {
  readonly id: string;
  readonly amount: number;
  readonly untilMs: number;
}

/** A higher amount for a while; it ends by itself. Throws as setLimit does. */
export async function raiseLimit(
  deps: ManageLimitsDeps,
  request: RaiseLimitRequest,
  doer: Doer,
): Promise<Limit> {
  const { store, clock } = deps;
  const nowMs = clock.nowMs();
  if (request.untilMs <= nowMs) throw refuse('The end of a temporary raise must lie in the future.');
  return store.write.transaction().execute(async (trx) => {
    const before = await findLimit(trx, request.id);
    if (!before) throw appError('object_not_found', { params: { what: 'Limit' } });
    const limit: Limit = { ...before, raisedAmount: request.amount, raisedUntilMs: request.untilMs };
    const fault = limitFault(limit);
    if (fault) throw refuse(fault);
    await saveLimit(trx, limit, nowMs);
    await recordAudit(trx, {
      nowMs,
      doer,
      action: 'limit_set',
      target: targetOf(limit),
      before: told(before),
      after: told(limit),
    });
    return limit;
  });
}

/** Throws AppError `object_not_found`. */
export async function removeLimit(deps: ManageLimitsDeps, id: string, doer: Doer): Promise<Limit> {
  const { store, clock } = deps;
  return store.write.transaction().execute(async (trx) => {
    const limit = await findLimit(trx, id);
    if (!limit) throw appError('object_not_found', { params: { what: 'Limit' } });
    await deleteLimit(trx, id);
    await recordAudit(trx, {
      nowMs: clock.nowMs(),
      doer,
      action: 'limit_delete',
      target: targetOf(limit),
      before: told(limit),
    });
    return limit;
  });
}

function merged(request: SetLimitRequest, before: Limit | undefined): Limit {
  const { scope, scopeId, kind, period, amount } = request;
  const warnDefault = isBudget(kind) ? WARN_PERCENT_DEFAULT : null;
  const keepsRaise = (before?.raisedAmount ?? 0) > amount;
  return {
    id: before?.id ?? newId('lim'),
    scope,
    scopeId,
    kind,
    period,
    amount,
    timeZone: request.timeZone ?? before?.timeZone ?? 'UTC',
    warnPercent:
      request.warnPercent === undefined ? (before?.warnPercent ?? warnDefault) : request.warnPercent,
    allowUnpriced: request.allowUnpriced ?? before?.allowUnpriced ?? false,
    raisedAmount: keepsRaise ? (before?.raisedAmount ?? null) : null,
    raisedUntilMs: keepsRaise ? (before?.raisedUntilMs ?? null) : null,
  };
}

async function requireOwner(store: Store, { scope, scopeId }: SetLimitRequest): Promise<void> {
  if (scope === 'house' || scopeId === null) return;
  const owner =
    scope === 'user' ? await findUserById(store.read, scopeId) : await findKeyById(store.read, scopeId);
  if (!owner) throw appError('object_not_found', { params: { what: scope === 'user' ? 'User' : 'API key' } });
}

function targetOf(limit: Limit) {
  return { kind: 'limit', id: limit.id, name: limitName(limit) };
}

function told(limit: Limit): Record<string, unknown> {
  const { id, ...fields } = limit;
  return { ...fields };
}

function refuse(detail: string) {
  return appError('validation_failed', { params: { detail } });
}

/** True while a raise is in force. */
export function isRaised(limit: Limit, nowMs: number): boolean {
  return amountAt(limit, nowMs) !== limit.amount;
}
