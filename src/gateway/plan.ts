// The step that says which providers and models may serve a request, in order. Makes no call and holds no credential.
import type { Actor } from '../core/actor.ts';
import { allowsModel } from '../core/limits/access-list.ts';
import type { RequestFeatures } from '../core/wire.ts';
import { appError } from '../errors/app-error.ts';
import type { Route, Router } from '../upstream/create-router.ts';

/** One place a request may go to. */
export type Target = Route;

/** Throws AppError `model_not_found` for a name that leads nowhere. The first target is not judged: authorise does. */
export function planTargets(
  asked: { readonly model: string; readonly features: RequestFeatures },
  actor: Actor,
  router: Pick<Router, 'routesOf'>,
): readonly Target[] {
  const routes = router.routesOf(asked.model);
  const first = routes[0];
  if (!first) {
    throw appError('model_not_found', { params: { model: asked.model.slice(0, 200) }, param: 'model' });
  }
  return routes.length === 1 ? routes : withStandIns(first, routes, asked.features, actor);
}

function withStandIns(
  first: Target,
  routes: readonly Target[],
  features: RequestFeatures,
  actor: Actor,
): readonly Target[] {
  return routes.filter((route) => route === first || mayStandIn(route, first, features, actor));
}

/** A fallback the caller may not use, or that may not see the signed reasoning of another maker (F18), is left out. */
function mayStandIn(route: Target, first: Target, features: RequestFeatures, actor: Actor): boolean {
  if (!allowsModel(actor.models, [route.fullName])) return false;
  return !features.signedThinking || route.spec.name === first.spec.name;
}
