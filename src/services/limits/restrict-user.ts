// Sets which models all keys of a user may use and from which addresses: beside, never instead of, each key's own lists.
import { accessFault } from '../../core/limits/access-list.ts';
import type { Doer } from '../../core/principal.ts';
import { appError } from '../../errors/app-error.ts';
import type { Clock } from '../../lib/clock.ts';
import type { Store } from '../../store/open-store.ts';
import { findUserById, updateUser } from '../../store/users.ts';
import { recordAudit } from '../record-audit.ts';

export interface RestrictUserRequest {
  readonly userId: string;
  /** Null for all; left out: as it is. */
  readonly models?: readonly string[] | null | undefined;
  readonly addresses?: readonly string[] | null | undefined;
}

/** Throws AppError `validation_failed` with what is wrong about an entry, or `object_not_found`. */
export async function restrictUser(
  deps: { readonly store: Store; readonly clock: Clock },
  request: RestrictUserRequest,
  doer: Doer,
): Promise<void> {
  const fault = accessFault(request);
  if (fault) throw appError('validation_failed', { params: { detail: fault } });
  const { models, addresses, userId } = request;
  const change = {
    ...(models !== undefined && { models: models && JSON.stringify(models) }),
    ...(addresses !== undefined && { addresses: addresses && JSON.stringify(addresses) }),
  };
  await deps.store.write.transaction().execute(async (trx) => {
    const user = await findUserById(trx, userId);
    if (!user) throw appError('object_not_found', { params: { what: 'User' } });
    await updateUser(trx, userId, change);
    await recordAudit(trx, {
      nowMs: deps.clock.nowMs(),
      doer,
      action: 'user_restrict',
      target: { kind: 'user', id: userId, name: user.username },
      before: { models: user.models, addresses: user.addresses },
      after: { models: user.models, addresses: user.addresses, ...change },
    });
  });
}
