// The step that asks: may this actor use this model, from this address, now?
import type { Actor } from '../core/actor.ts';
import { allowsAddress, allowsModel } from '../core/limits/access-list.ts';
import { appError } from '../errors/app-error.ts';

/** Throws AppError 403. `models` are all the names of the one model: as asked and as resolved. */
export function authorise(
  actor: Actor,
  request: { readonly models: readonly string[]; readonly address: () => string },
): void {
  authoriseAddress(actor, request.address);
  if (allowsModel(actor.models, request.models)) return;
  throw appError('model_not_allowed', { params: { model: request.models[0] ?? '' }, param: 'model' });
}

/** Throws AppError `address_not_allowed`. The address is only worked out for callers who have a list. */
export function authoriseAddress(actor: Actor, address: () => string): void {
  if (actor.addresses && !allowsAddress(actor.addresses, address())) throw appError('address_not_allowed');
}
