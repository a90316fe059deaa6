// The pages of the dashboard: everything under /ui. Builds the app from its lists of routes.
import type { Hono } from 'hono';
import type { ConsoleEnv } from '../guard/visitor.ts';
import type { PageRoute } from '../serving/page-route.ts';
import { servePages } from '../serving/serve-pages.ts';
import { accountRoutes } from './account-routes.tsx';
import { auditPageRoutes } from './audit-routes.tsx';
import { connectRoutes } from './connect-routes.tsx';
import { gateRoutes } from './gate-routes.tsx';
import { keysRoutes } from './keys-routes.tsx';
import { limitsRoutes } from './limits-routes.tsx';
import { liveRoutes } from './live-routes.tsx';
import { modelsRoutes } from './models-routes.tsx';
import { overviewRoutes } from './overview-routes.tsx';
import type { PageParts } from './page-parts.ts';
import { priceRoutes } from './price-routes.tsx';
import { providersRoutes } from './providers-routes.tsx';
import { requestsRoutes } from './requests-routes.tsx';
import { settingsRoutes } from './settings-routes.tsx';
import { usageRoutes } from './usage-routes.tsx';
import { usersRoutes } from './users-routes.tsx';

/** `app.fetch(request, { address, requestId })` answers every path under /ui. */
export function createPages(parts: PageParts): Hono<{ Bindings: ConsoleEnv }> {
  return servePages(pageRoutes(parts), parts);
}

/** Every page and every form, for the app and for the tests that try each of them. */
export function pageRoutes(parts: PageParts): readonly PageRoute[] {
  return [
    ...gateRoutes(parts),
    ...overviewRoutes(parts),
    ...keysRoutes(parts),
    ...connectRoutes(parts),
    ...requestsRoutes(parts),
    ...usageRoutes(parts),
    ...accountRoutes(parts),
    ...usersRoutes(parts),
    ...limitsRoutes(parts),
    ...providersRoutes(parts),
    ...modelsRoutes(parts),
    ...priceRoutes(parts),
    ...liveRoutes(parts),
    ...auditPageRoutes(parts),
    ...settingsRoutes(parts),
  ];
}
