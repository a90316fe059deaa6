// The step that asks: may this actor use this model, from this address, now?
import type { Actor } from '../core/actor.ts';
import { allowsAddress, allowsModel } from '../core/limits/access-list.ts';
import { appError } from '../errors/app-error.ts';

/** Who calls, as far as the connection tells. */
export interface Caller {
  /** After trusted proxies. */
  readonly address: () => string;
}

/** Throws AppError 403. `models` are all the names of the one model: as asked and as resolved. */
export function authorise(actor: Actor, models: readonly string[], caller: Caller): void {
  authoriseAddress(actor, caller);
  if (actor.models === null || allowsModel(actor.models, models)) return;
  throw appError('model_not_allowed', { params: { model: models[0] ?? '' }, param: 'model' });
}

/** Throws AppError `address_not_allowed`. The address is only worked out for callers who have a list. */
export function authoriseAddress(actor: Actor, caller: Caller): void {
  if (actor.addresses && !allowsAddress(actor.addresses, caller.address()))
    throw appError('address_not_allowed');
}
