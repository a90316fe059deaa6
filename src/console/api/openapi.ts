// The OpenAPI 3.1 document of the JSON API, read from the same routes and schemas that serve it.
import { z } from 'zod';
import type { JsonObject } from '../../lib/json.ts';
import type { Access, Route } from './route.ts';

const ERROR_SCHEMA: JsonObject = {
  type: 'object',
  required: ['detail', 'code', 'request_id'],
  properties: {
    detail: {
      description: 'One sentence; for code `validation_failed` a list of the fields at fault.',
      oneOf: [{ type: 'string' }, { type: 'array', items: { $ref: '#/components/schemas/FieldIssue' } }],
    },
    code: { type: 'string', description: 'Stable word for programs; docs/errors.md lists all.' },
    request_id: { type: 'string' },
    param: { type: 'string', description: 'The field at fault, where one is.' },
  },
};

const ISSUE_SCHEMA: JsonObject = {
  type: 'object',
  required: ['type', 'loc', 'msg'],
  properties: {
    type: { type: 'string' },
    loc: { type: 'array', items: { type: ['string', 'integer'] } },
    msg: { type: 'string' },
  },
};

const STATUS_WORDS: Readonly<Record<number, string>> = {
  400: 'The request cannot be done; `detail` says why',
  401: 'Nobody is signed in, or the key is not known',
  403: 'Not allowed for this caller, or CSRF proof missing',
  404: 'No such object, or not yours',
  409: 'In conflict with what is',
  410: 'Closed for good',
  413: 'Body too large',
  415: 'Body is not JSON',
  422: 'Body, query or path does not fit its schema',
  429: 'Too many attempts; see Retry-After',
};

export function buildOpenApi(routes: readonly Route[], version: string): JsonObject {
  const schemas: JsonObject = { Error: ERROR_SCHEMA, FieldIssue: ISSUE_SCHEMA };
  const paths: Record<string, JsonObject> = {};
  for (const route of routes) {
    const operations = paths[route.path] ?? {};
    operations[route.method.toLowerCase()] = operation(route, schemas);
    paths[route.path] = operations;
  }
  return {
    openapi: '3.1.0',
    info: {
      title: 'Tollgate control plane',
      version,
      description: 'Users, sessions, API keys, usage and audit. Models are called under /v1.',
    },
    paths,
    components: {
      schemas,
      securitySchemes: {
        session: { type: 'apiKey', in: 'cookie', name: '__Host-tollgate_session' },
        adminKey: { type: 'http', scheme: 'bearer', description: 'An API key with the scope `admin`.' },
      },
    },
  };
}

function operation(route: Route, schemas: JsonObject): JsonObject {
  const parameters = [
    ...parametersOf(route.params, 'path', schemas),
    ...parametersOf(route.query, 'query', schemas),
  ];
  const responses: JsonObject = {
    200: {
      description: 'Done',
      content: { 'application/json': { schema: toSchema(route.answer, 'output', schemas) } },
    },
  };
  for (const status of failuresOf(route)) {
    responses[status] = {
      description: STATUS_WORDS[status] ?? 'Refused',
      content: { 'application/json': { schema: { $ref: '#/components/schemas/Error' } } },
    };
  }
  return {
    operationId: operationId(route),
    tags: [route.tag],
    summary: route.summary,
    ...(parameters.length > 0 ? { parameters } : {}),
    ...(route.body ? { requestBody: requestBody(route, schemas) } : {}),
    responses,
    security: securityOf(route.access),
  };
}

function requestBody(route: Route, schemas: JsonObject): JsonObject {
  const schema = route.body ? toSchema(route.body, 'input', schemas) : {};
  return { required: !route.bodyOptional, content: { 'application/json': { schema } } };
}

function failuresOf(route: Route): number[] {
  const found = new Set<number>(route.failures);
  if (route.access !== 'none') found.add(401).add(403);
  if (route.method !== 'GET') found.add(403).add(413).add(415);
  if (route.body || route.query || route.params) found.add(422);
  return [...found].sort((a, b) => a - b);
}

function securityOf(access: Access): JsonObject[] {
  if (access === 'none') return [];
  return access === 'person' ? [{ session: [] }] : [{ session: [] }, { adminKey: [] }];
}

function parametersOf(schema: z.ZodType | null, place: 'path' | 'query', schemas: JsonObject): JsonObject[] {
  if (!schema) return [];
  const json = toSchema(schema, 'input', schemas);
  const required = Array.isArray(json.required) ? json.required : [];
  return Object.entries((json.properties ?? {}) as JsonObject).map(([name, property]) => ({
    name,
    in: place,
    required: place === 'path' || required.includes(name),
    schema: property ?? {},
  }));
}

/** JSON Schema 2020-12, which OpenAPI 3.1 speaks; named schemas move to the components. */
function toSchema(schema: z.ZodType, io: 'input' | 'output', schemas: JsonObject): JsonObject {
  const { $schema: _, $defs, ...json } = z.toJSONSchema(schema, { io, unrepresentable: 'any' }) as JsonObject;
  for (const [name, definition] of Object.entries(($defs ?? {}) as JsonObject)) {
    schemas[name] = moveRefs(definition as JsonObject);
  }
  const moved = moveRefs(json);
  if (typeof moved.id !== 'string') return moved;
  const { id, ...named } = moved;
  schemas[id] = named;
  return { $ref: `#/components/schemas/${id}` };
}

function moveRefs(schema: JsonObject): JsonObject {
  const text = JSON.stringify(schema).replaceAll('"#/$defs/', '"#/components/schemas/');
  return JSON.parse(text) as JsonObject;
}

/** `GET /api/me/api-keys/{id}` becomes `get_me_api_keys_id`. */
function operationId(route: Route): string {
  const words = route.path
    .replace(/^\/api/, '')
    .split(/[^\w]+/)
    .filter(Boolean);
  return [route.method.toLowerCase(), ...words].join('_');
}
