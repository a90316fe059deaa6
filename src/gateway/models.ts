// GET /v1/models and /v1/models/{id}: what this actor may use.
// One superset of OpenAI's and Anthropic's shapes satisfies the clients of both (wire facts, section A).
import type { Actor } from '../core/actor.ts';
import { allowsModel } from '../core/limits/access-list.ts';
import { appError } from '../errors/app-error.ts';
import type { JsonObject } from '../lib/json.ts';

/** A model as the catalogue knows it. */
export interface ListedModel {
  /** `provider/model`. */
  readonly id: string;
  readonly provider: string;
  /** Seconds since the epoch, as the provider said; 0 when it did not. */
  readonly createdS: number;
}

export interface ModelCatalogue {
  readonly list: () => readonly ListedModel[];
  /** Resolves when the first lists are here, or after a bounded wait. */
  readonly ready: () => Promise<void>;
}

export function listModels(actor: Actor, catalogue: ModelCatalogue): JsonObject {
  const data = catalogue
    .list()
    .filter((model) => allowsModel(actor.models, [model.id]))
    .map(shape);
  return {
    object: 'list',
    data,
    has_more: false,
    first_id: data[0]?.id ?? null,
    last_id: data.at(-1)?.id ?? null,
  };
}

/** Throws AppError `model_not_found`, also for models this actor may not use. */
export function findModel(actor: Actor, id: string, catalogue: ModelCatalogue): JsonObject {
  const model = catalogue.list().find((candidate) => candidate.id === id);
  if (model && allowsModel(actor.models, [model.id])) return shape(model);
  throw appError('model_not_found', { params: { model: id.slice(0, 200) }, param: 'model' });
}

function shape(model: ListedModel): JsonObject {
  return {
    id: model.id,
    object: 'model',
    created: model.createdS,
    owned_by: model.provider,
    type: 'model',
    display_name: model.id,
    created_at: new Date(model.createdS * 1000).toISOString(),
  };
}
