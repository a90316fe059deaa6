// Page: GET /ui/connect.
import { pageKeys } from '../../store/api-keys.ts';
import {
  type Answer,
  PageAnswer,
  type PageRoute,
  type PersonRequest,
  personPage,
} from '../serving/page-route.ts';
import { ConnectPage } from './connect-page.tsx';
import type { PageParts } from './page-parts.ts';

export function connectRoutes(parts: PageParts): PageRoute[] {
  return [personPage('GET', '/ui/connect', (request) => show(parts, request))];
}

async function show(
  parts: PageParts,
  { frame, query, principal, serverOrigin }: PersonRequest,
): Promise<Answer> {
  const [models, keys] = await Promise.all([
    parts.models.names(),
    pageKeys(parts.store.read, { userId: principal.userId, state: 'active', nowMs: frame.nowMs, limit: 1 }),
  ]);
  const asked = query.get('model') ?? '';
  const model = {
    connect: {
      origin: serverOrigin,
      token: 'YOUR-TOLLGATE-KEY',
      model: models.includes(asked) ? asked : (models[0] ?? 'provider/model'),
    },
    client: query.get('client') ?? 'curl',
    models,
    hasKey: keys.length > 0,
  };
  return new PageAnswer(<ConnectPage frame={frame} model={model} />);
}
