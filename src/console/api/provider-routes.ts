// Routes: /api/admin/providers, /api/admin/provider-keys and its acts, GET /api/admin/models.
// A provider key goes in and never comes out again: every answer shows its last characters at most.
import { z } from 'zod';
import { required } from '../../lib/assert.ts';
import type { Act, ModelDesk, ProviderDesk } from '../pages/page-parts.ts';
import { defineRoute, type Route, type RouteInput } from './route.ts';
import { idParams, isoTimeOrNull, okAnswer, time } from './schemas.ts';

const TAG = 'Providers';
const KEYS = '/api/admin/provider-keys';

/** What only the running server knows; without it there are no such routes. */
export interface ServerDesks {
  readonly providers: ProviderDesk;
  readonly models: ModelDesk;
}

const providerKey = z
  .object({
    id: z.string(),
    label: z.string(),
    hint: z
      .string()
      .meta({ description: 'The last characters of the key, or empty where even that says too much.' }),
    source: z.enum(['environment', 'file', 'dashboard', 'built in']),
    state: z.enum(['ready', 'cooling', 'quarantined', 'disabled']),
    reason: z.string().nullable(),
    ready_at: time.nullable(),
    active_requests: z.number().int(),
    last_used_at: time.nullable(),
    requests: z.number().int().meta({ description: 'Since the server started.' }),
    failures: z.number().int(),
  })
  .meta({ id: 'ProviderKey' });

const provider = z
  .object({
    name: z.string(),
    title: z.string(),
    base_url: z.string().nullable(),
    models: z.number().int().nullable(),
    is_demo: z.boolean(),
    keys: z.array(providerKey),
  })
  .meta({ id: 'Provider' });

export function providerRoutes(desks: ServerDesks): Route[] {
  return [
    list(desks),
    add(desks),
    activity(desks, true),
    activity(desks, false),
    check(desks),
    remove(desks),
    models(desks),
  ];
}

function list({ providers }: ServerDesks): Route {
  return defineRoute({
    method: 'GET',
    path: '/api/admin/providers',
    access: 'admin',
    tag: TAG,
    summary: 'Providers with their keys and how they fare',
    answer: z.object({ providers: z.array(provider) }),
    handle: async () => {
      const cards = await providers.list();
      return {
        providers: cards.map(({ name, title, baseUrl, models, isDemo, credentials }) => ({
          name,
          title,
          base_url: baseUrl,
          models,
          is_demo: isDemo,
          keys: credentials.map((key) => ({
            id: key.id,
            label: key.label,
            hint: key.hint,
            source: key.source,
            state: key.state,
            reason: key.reason,
            ready_at: isoTimeOrNull(key.readyMs),
            active_requests: key.inFlight,
            last_used_at: isoTimeOrNull(key.lastUsedMs),
            requests: key.requests,
            failures: key.failures,
          })),
        })),
      };
    },
  });
}

function add({ providers }: ServerDesks): Route {
  return defineRoute({
    method: 'POST',
    path: KEYS,
    access: 'admin',
    tag: TAG,
    summary: 'Add a provider key; it is sealed and never readable again',
    body: z.strictObject({
      provider: z.string().max(64),
      label: z.string().max(200),
      secret: z.string().max(10_000),
      base_url: z.string().max(2_000).nullable().optional(),
    }),
    answer: okAnswer,
    failures: [400],
    handle: async ({ body, ...input }) => {
      const { base_url, ...key } = body;
      await providers.add(actOf(input), { ...key, baseUrl: base_url ?? null });
      return { ok: true as const };
    },
  });
}

function activity({ providers }: ServerDesks, enabled: boolean): Route {
  const word = enabled ? 'enable' : 'disable';
  return defineRoute({
    method: 'POST',
    path: `${KEYS}/{id}/${word}`,
    access: 'admin',
    tag: TAG,
    summary: enabled ? 'Use this key again' : 'Send nothing with this key; holds for keys of every source',
    params: idParams,
    answer: okAnswer,
    failures: [404],
    handle: async ({ params, ...input }) => {
      await providers.setEnabled(actOf(input), { credentialId: params.id, enabled });
      return { ok: true as const };
    },
  });
}

function check({ providers }: ServerDesks): Route {
  return defineRoute({
    method: 'POST',
    path: `${KEYS}/{id}/test`,
    access: 'admin',
    tag: TAG,
    summary: 'Ask the provider whether the key works; costs nothing',
    params: idParams,
    answer: z.object({ label: z.string(), ok: z.boolean(), text: z.string(), took_ms: z.number() }),
    failures: [404],
    handle: async ({ params, ...input }) => {
      const { tookMs: took_ms, ...result } = await providers.test(actOf(input), params.id);
      return { ...result, took_ms };
    },
  });
}

function remove({ providers }: ServerDesks): Route {
  return defineRoute({
    method: 'DELETE',
    path: `${KEYS}/{id}`,
    access: 'admin',
    tag: TAG,
    summary: 'Delete a stored provider key; one of the environment is removed where it was set',
    params: idParams,
    answer: okAnswer,
    failures: [404],
    handle: async ({ params, ...input }) => {
      await providers.remove(actOf(input), params.id);
      return { ok: true as const };
    },
  });
}

function models({ models }: ServerDesks): Route {
  const price = z.number().nullable().meta({ description: 'Dollars per million tokens.' });
  return defineRoute({
    method: 'GET',
    path: '/api/admin/models',
    access: 'admin',
    tag: TAG,
    summary: 'Models with their prices, aliases and fallbacks',
    answer: z.object({
      models: z.array(
        z.object({
          id: z.string(),
          provider: z.string(),
          input_usd: price,
          output_usd: price,
          cached_usd: price,
          context_tokens: z.number().int().nullable(),
          price_overridden: z.boolean(),
        }),
      ),
      aliases: z.array(z.object({ name: z.string(), targets: z.array(z.string()) })),
      fallbacks: z.array(z.object({ name: z.string(), targets: z.array(z.string()) })),
    }),
    handle: async () => ({
      models: (await models.list()).map((row) => ({
        id: row.id,
        provider: row.provider,
        input_usd: row.inputUsd,
        output_usd: row.outputUsd,
        cached_usd: row.cachedUsd,
        context_tokens: row.contextTokens,
        price_overridden: row.isOverridden,
      })),
      aliases: models.aliases().map(({ name, targets }) => ({ name, targets: [...targets] })),
      fallbacks: models.fallbacks().map(({ name, targets }) => ({ name, targets: [...targets] })),
    }),
  });
}

function actOf(input: Pick<RouteInput<unknown, unknown, unknown>, 'principal' | 'visitor'>): Act {
  return { principal: required(input.principal, 'the principal'), origin: input.visitor.origin };
}
