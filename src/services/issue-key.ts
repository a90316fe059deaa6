// Makes an API key for a user. The token exists in this answer alone; the store keeps its keyed hash.
import { formatApiKey, hashApiKey, shownPrefix } from '../core/identity/api-key.ts';
import { judgeKeyName } from '../core/identity/user-rules.ts';
import { accessFault } from '../core/limits/access-list.ts';
import { appError } from '../errors/app-error.ts';
import type { Clock } from '../lib/clock.ts';
import { newId, randomByteArray } from '../lib/id.ts';
import { type ApiKeyRow, insertKey } from '../store/api-keys.ts';
import type { Store } from '../store/open-store.ts';

export interface IssueKeyDeps {
  readonly store: Store;
  readonly pepper: string;
  readonly clock: Clock;
}

export interface IssueKeyRequest {
  readonly userId: string;
  readonly name: string;
  readonly expiresMs?: number | null;
  readonly scopes?: readonly ('use' | 'admin')[];
  readonly models?: readonly string[] | null;
  readonly addresses?: readonly string[] | null;
  readonly tags?: readonly string[];
  readonly onHangUp?: 'cancel' | 'drain';
  readonly rotatedFrom?: string | null;
}

export interface IssuedKey {
  readonly token: string;
  readonly row: ApiKeyRow;
}

/** Throws AppError `invalid_request` with the sentence about the name or the list. Rights are checked by the caller. */
export async function issueKey(deps: IssueKeyDeps, request: IssueKeyRequest): Promise<IssuedKey> {
  const name = request.name.trim();
  const problem = judgeKeyName(name);
  if (problem) throw appError('invalid_request', { params: { detail: problem }, param: 'name' });
  const fault = accessFault(request);
  if (fault) throw appError('invalid_request', { params: { detail: fault } });
  const token = formatApiKey(randomByteArray(32));
  const row: ApiKeyRow = {
    id: newId('key'),
    user_id: request.userId,
    name,
    token_prefix: shownPrefix(token),
    token_hash: hashApiKey(token, deps.pepper),
    hash_kind: 'hmac',
    scopes: JSON.stringify(request.scopes ?? ['use']),
    models: request.models ? JSON.stringify(request.models) : null,
    addresses: request.addresses ? JSON.stringify(request.addresses) : null,
    tags: JSON.stringify(request.tags ?? []),
    on_hang_up: request.onHangUp ?? 'cancel',
    created_ms: deps.clock.nowMs(),
    expires_ms: request.expiresMs ?? null,
    revoked_ms: null,
    last_used_ms: null,
    rotated_from: request.rotatedFrom ?? null,
    imported_id: null,
  };
  await insertKey(deps.store.write, row);
  return { token, row };
}
