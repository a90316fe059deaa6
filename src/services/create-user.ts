// Makes an account. Passwords arrive hashed: how they are hashed is the business of services/passwords.
import { judgeUsername } from '../core/identity/user-rules.ts';
import { appError } from '../errors/app-error.ts';
import type { Clock } from '../lib/clock.ts';
import { newId } from '../lib/id.ts';
import type { Store } from '../store/open-store.ts';
import { insertUser, type UserRow } from '../store/users.ts';

export interface CreateUserRequest {
  readonly username: string;
  readonly passwordHash: string | null;
  readonly role: 'admin' | 'user';
  readonly isActive?: boolean;
}

/** Throws AppError `invalid_request` for a bad name, `conflict` for one that is taken. */
export async function createUser(
  deps: { readonly store: Store; readonly clock: Clock },
  request: CreateUserRequest,
): Promise<UserRow> {
  const username = request.username.trim();
  const problem = judgeUsername(username);
  if (problem) throw appError('invalid_request', { params: { detail: problem }, param: 'username' });
  const row: UserRow = {
    id: newId('usr'),
    username,
    password_hash: request.passwordHash,
    role: request.role,
    is_active: request.isActive === false ? 0 : 1,
    created_ms: deps.clock.nowMs(),
    last_login_ms: null,
    imported_id: null,
    models: null,
    addresses: null,
  };
  if (!(await insertUser(deps.store.write, row))) {
    throw appError('conflict', { params: { detail: 'Username already exists' }, param: 'username' });
  }
  return row;
}
