// The step that says which providers and models may serve a request, in order. Makes no call and holds no credential.
import { appError } from '../errors/app-error.ts';
import type { Pool } from '../upstream/pool/lease.ts';
import type { ProviderSpec } from '../upstream/providers/provider-spec.ts';

/** One place a request may go to. */
export interface Target {
  readonly spec: ProviderSpec;
  /** The provider's own model name. */
  readonly model: string;
  /** `provider/model`, for rights, prices and the ledger. */
  readonly fullName: string;
}

/** Throws AppError `model_not_found` for a name that leads nowhere. */
export function planTargets(modelAsked: string, pool: Pool): readonly Target[] {
  const slash = modelAsked.indexOf('/');
  const spec = slash > 0 ? pool.provider(modelAsked.slice(0, slash)) : null;
  const model = modelAsked.slice(slash + 1);
  if (!spec || model === '') {
    throw appError('model_not_found', { params: { model: modelAsked.slice(0, 200) }, param: 'model' });
  }
  return [{ spec, model, fullName: `${spec.name}/${model}` }];
}
