// What people and admins do with API keys: create, change, rotate, revoke. Owns the rule that a key never has more
// rights than its maker or its owner; the in-memory key index hears of each change before the answer goes out.

import type { AuditAction } from '../../core/audit-action.ts';
import { judgeKeyName } from '../../core/identity/user-rules.ts';
import { ACCESS_ENTRIES_MAX, addressEntryFault, modelEntryFault } from '../../core/limits/access-list.ts';
import { doerOf, type Principal, type RequestOrigin, systemDoer } from '../../core/principal.ts';
import { appError } from '../../errors/app-error.ts';
import { type ApiKeyRow, countKeysOfUser, findKeyById, updateKey } from '../../store/api-keys.ts';
import type { Store } from '../../store/open-store.ts';
import { findUserById, type UserRow } from '../../store/users.ts';
import { type IssuedKey, type IssueKeyDeps, issueKey } from '../issue-key.ts';
import { recordAudit } from '../record-audit.ts';

export const KEY_TAGS_MAX = 20;
/** All keys are kept in memory: one user's share of it is bounded, that of the revoked ones too. */
export const LIVE_KEYS_PER_USER_MAX = 500;
export const KEYS_PER_USER_MAX = 10_000;
/** A rotated key may serve on for at most so long beside its successor. */
export const ROTATION_GRACE_MAX_MS = 30 * 24 * 3_600_000;

export interface KeyParts extends IssueKeyDeps {
  readonly reloadKeys: () => Promise<void>;
}

/** What the holder of a key may decide about it. Absent fields stay as they are. */
export interface KeyFields {
  readonly name?: string | undefined;
  readonly expiresMs?: number | null | undefined;
  readonly models?: readonly string[] | null | undefined;
  readonly addresses?: readonly string[] | null | undefined;
  readonly tags?: readonly string[] | undefined;
  readonly onHangUp?: 'cancel' | 'drain' | undefined;
}

/** Who does it: a person, a script, or (null) a command on the machine itself, which may do everything. */
export interface KeyAct {
  readonly principal: Principal | null;
  readonly origin: RequestOrigin;
}

/** For commands: they come from nowhere. */
export const COMMAND_ACT: KeyAct = {
  principal: null,
  origin: { address: null, userAgent: null, requestId: '' },
};

/** Throws `object_not_found` for an unknown user, `not_allowed` for rights beyond the maker's or the owner's. */
export async function createKey(
  parts: KeyParts,
  act: KeyAct & {
    readonly ownerId: string;
    readonly name: string;
    readonly fields: KeyFields;
    readonly scopes: readonly ('use' | 'admin')[];
  },
): Promise<IssuedKey> {
  const { ownerId, fields, scopes, principal } = act;
  checkFields(parts, fields);
  const issued = await parts.store.write.transaction().execute(async (trx) => {
    const owner = await findUserById(trx, ownerId);
    if (!owner) throw appError('object_not_found', { params: { what: 'User' } });
    requireRights(scopes, { principal, owner });
    await requireRoom(trx, ownerId);
    const made = await issueKey(
      { ...parts, store: { ...parts.store, write: trx } },
      {
        userId: ownerId,
        name: act.name,
        scopes,
        expiresMs: fields.expiresMs ?? null,
        models: fields.models ?? null,
        addresses: fields.addresses ?? null,
        tags: fields.tags ?? [],
        onHangUp: fields.onHangUp ?? 'cancel',
      },
    );
    await audit(parts, act, { db: trx, row: made.row, action: 'key_create', after: shownFields(made.row) });
    return made;
  });
  await parts.reloadKeys();
  return issued;
}

/** `ownerId` null: an admin's act on anybody's key; else somebody else's key is `object_not_found`. */
export interface KeyTarget {
  readonly keyId: string;
  readonly ownerId: string | null;
}

export async function updateKeyFields(
  parts: KeyParts,
  act: KeyAct & { readonly target: KeyTarget; readonly fields: KeyFields },
): Promise<ApiKeyRow> {
  const { fields } = act;
  checkFields(parts, fields);
  const row = await parts.store.write.transaction().execute(async (trx) => {
    const before = await requireKey(trx, act.target);
    if (before.revoked_ms !== null) refuse('A revoked key cannot be changed');
    await updateKey(trx, before.id, {
      ...(fields.name === undefined ? {} : { name: fields.name.trim() }),
      ...(fields.expiresMs === undefined ? {} : { expires_ms: fields.expiresMs }),
      ...(fields.models === undefined ? {} : { models: listText(fields.models) }),
      ...(fields.addresses === undefined ? {} : { addresses: listText(fields.addresses) }),
      ...(fields.tags === undefined ? {} : { tags: JSON.stringify(fields.tags) }),
      ...(fields.onHangUp === undefined ? {} : { on_hang_up: fields.onHangUp }),
    });
    const after = await requireKey(trx, act.target);
    const told = { before: shownFields(before), after: shownFields(after) };
    await audit(parts, act, { db: trx, row: after, action: 'key_update', ...told });
    return after;
  });
  await parts.reloadKeys();
  return row;
}

/** Revoking twice is revoking once. Holds for the next request. */
export async function revokeKey(
  parts: KeyParts,
  act: KeyAct & { readonly target: KeyTarget },
): Promise<void> {
  await parts.store.write.transaction().execute(async (trx) => {
    const before = await requireKey(trx, act.target);
    if (before.revoked_ms !== null) return;
    await updateKey(trx, before.id, { revoked_ms: parts.clock.nowMs() });
    await audit(parts, act, { db: trx, row: before, action: 'key_revoke' });
  });
  await parts.reloadKeys();
}

/** A new key with the same rights and fields; the old one ends after the grace time, or at once when it is 0. */
export async function rotateKey(
  parts: KeyParts,
  act: KeyAct & { readonly target: KeyTarget; readonly graceMs: number },
): Promise<IssuedKey> {
  const nowMs = parts.clock.nowMs();
  const endsMs = nowMs + Math.min(act.graceMs, ROTATION_GRACE_MAX_MS);
  const issued = await parts.store.write.transaction().execute(async (trx) => {
    const old = await requireKey(trx, act.target);
    if (old.revoked_ms !== null) refuse('A revoked key cannot be rotated');
    if (old.expires_ms !== null && old.expires_ms <= nowMs) refuse('An expired key cannot be rotated');
    const owner = await findUserById(trx, old.user_id);
    const scopes = JSON.parse(old.scopes) as ('use' | 'admin')[];
    if (owner) requireRights(scopes, { principal: act.principal, owner });
    await requireRoom(trx, old.user_id);
    const made = await issueKey(
      { ...parts, store: { ...parts.store, write: trx } },
      {
        userId: old.user_id,
        name: old.name,
        scopes,
        expiresMs: old.expires_ms,
        models: old.models === null ? null : JSON.parse(old.models),
        addresses: old.addresses === null ? null : JSON.parse(old.addresses),
        tags: JSON.parse(old.tags),
        onHangUp: old.on_hang_up,
        rotatedFrom: old.id,
      },
    );
    const end =
      act.graceMs === 0 ? { revoked_ms: nowMs } : { expires_ms: Math.min(endsMs, old.expires_ms ?? endsMs) };
    await updateKey(trx, old.id, end);
    const after = { successor: made.row.id, grace_seconds: Math.round(act.graceMs / 1000) };
    await audit(parts, act, { db: trx, row: old, action: 'key_rotate', after });
    return made;
  });
  await parts.reloadKeys();
  return issued;
}

/** A key never has more rights than its maker has now, nor than its owner. */
function requireRights(
  scopes: readonly ('use' | 'admin')[],
  facts: { readonly principal: Principal | null; readonly owner: UserRow },
): void {
  if (!scopes.includes('admin')) return;
  const maker = facts.principal?.role ?? 'admin';
  if (maker === 'admin' && facts.owner.role === 'admin') return;
  const detail = 'Only an admin can have a key with the admin scope';
  throw appError('not_allowed', { params: { detail } });
}

async function requireRoom(db: Store['read'], userId: string): Promise<void> {
  const { all, live } = await countKeysOfUser(db, userId);
  if (live < LIVE_KEYS_PER_USER_MAX && all < KEYS_PER_USER_MAX) return;
  refuse(`A user has at most ${LIVE_KEYS_PER_USER_MAX} keys, ${KEYS_PER_USER_MAX} with the revoked ones`);
}

async function requireKey(db: Store['read'], target: KeyTarget): Promise<ApiKeyRow> {
  const row = await findKeyById(db, target.keyId);
  if (row && (target.ownerId === null || row.user_id === target.ownerId)) return row;
  throw appError('object_not_found', { params: { what: 'API key' } });
}

function checkFields(parts: KeyParts, fields: KeyFields): void {
  const { name, expiresMs, models, addresses, tags } = fields;
  const nameFault = name === undefined ? null : judgeKeyName(name.trim());
  if (nameFault) refuse(nameFault, 'name');
  if (expiresMs !== undefined && expiresMs !== null && expiresMs <= parts.clock.nowMs()) {
    refuse('The expiry lies in the past', 'expires_at');
  }
  checkList(models ?? [], { field: 'models', fault: modelEntryFault });
  checkList(addresses ?? [], { field: 'addresses', fault: addressEntryFault });
  if ((tags ?? []).length > KEY_TAGS_MAX) refuse(`A key has at most ${KEY_TAGS_MAX} tags`, 'tags');
  const badTag = (tags ?? []).find((tag) => !/^[\p{L}\p{N}][\p{L}\p{N} ._:/-]{0,63}$/u.test(tag));
  if (badTag !== undefined) refuse('A tag has 1 to 64 letters, digits, spaces or ._:/-', 'tags');
}

function checkList(
  entries: readonly string[],
  rule: { readonly field: string; readonly fault: (entry: string) => string | null },
): void {
  if (entries.length > ACCESS_ENTRIES_MAX) {
    refuse(`${rule.field} has at most ${ACCESS_ENTRIES_MAX} entries`, rule.field);
  }
  for (const entry of entries) {
    const fault = rule.fault(entry);
    if (fault) refuse(`${rule.field}: ${fault}`, rule.field);
  }
}

function refuse(detail: string, param?: string): never {
  throw appError('invalid_request', { params: { detail }, ...(param ? { param } : {}) });
}

function listText(list: readonly string[] | null): string | null {
  return list === null ? null : JSON.stringify(list);
}

function shownFields(row: ApiKeyRow): Record<string, unknown> {
  return {
    name: row.name,
    scopes: JSON.parse(row.scopes),
    models: row.models === null ? null : JSON.parse(row.models),
    addresses: row.addresses === null ? null : JSON.parse(row.addresses),
    tags: JSON.parse(row.tags),
    on_hang_up: row.on_hang_up,
    expires_ms: row.expires_ms,
  };
}

async function audit(
  parts: KeyParts,
  act: KeyAct,
  facts: {
    readonly db: Store['write'];
    readonly row: ApiKeyRow;
    readonly action: AuditAction;
    readonly before?: Record<string, unknown>;
    readonly after?: Record<string, unknown>;
  },
): Promise<void> {
  const { db, row, ...told } = facts;
  const target = { kind: 'api_key', id: row.id, name: row.name };
  const doer = act.principal ? doerOf(act.principal, act.origin) : systemDoer('command line');
  await recordAudit(db, { nowMs: parts.clock.nowMs(), doer, target, ...told });
}
