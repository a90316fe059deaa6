// The JSON API of the control plane: /auth/*, /api/* and /api/admin/*. Builds it from its lists of routes.
import type { Hono } from 'hono';
import { z } from 'zod';
import type { JsonObject } from '../../lib/json.ts';
import type { ConsoleParts } from '../console-parts.ts';
import { auditRoutes } from './audit-routes.ts';
import { authRoutes } from './auth-routes.ts';
import { keyRoutes } from './key-routes.ts';
import { limitRoutes } from './limit-routes.ts';
import { type ConsoleBindings, mountRoutes } from './mount-routes.ts';
import { myKeyRoutes } from './my-key-routes.ts';
import { myRoutes } from './my-routes.ts';
import { buildOpenApi } from './openapi.ts';
import { providerRoutes, type ServerDesks } from './provider-routes.ts';
import { defineRoute, type Route } from './route.ts';
import { usageRoutes } from './usage-routes.ts';
import { userRoutes } from './user-routes.ts';

export const API_VERSION = '1';

export interface ApiParts extends ConsoleParts, ServerDesks {}

/** `app.fetch(request, { address, requestId })` answers every path under /auth and /api. */
export function createApi(parts: ApiParts): Hono<ConsoleBindings> {
  return mountRoutes(apiRoutes(parts), parts);
}

/** Every route of the JSON API, the document of them included. */
export function apiRoutes(parts: ApiParts): readonly Route[] {
  const routes: Route[] = [
    ...authRoutes(parts),
    ...myRoutes(parts),
    ...myKeyRoutes(parts),
    ...userRoutes(parts),
    ...keyRoutes(parts),
    ...limitRoutes(parts),
    ...usageRoutes(parts),
    ...providerRoutes(parts),
    ...auditRoutes(parts),
  ];
  let document: JsonObject | null = null;
  const openapi = defineRoute({
    method: 'GET',
    path: '/api/openapi.json',
    // The predecessor showed its documents to strangers; nobody needs them before signing in.
    access: 'user',
    tag: 'About',
    summary: 'This document',
    answer: z.record(z.string(), z.unknown()),
    handle: async () => {
      document ??= buildOpenApi([...routes, openapi], API_VERSION);
      return document;
    },
  });
  return [...routes, openapi];
}
