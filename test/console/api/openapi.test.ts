// The OpenAPI document is valid, complete, and true of what the routes answer.
import { afterAll, beforeAll, expect, test } from 'bun:test';
import Ajv2020 from 'ajv/dist/2020.js';
import addFormats from 'ajv-formats';
import { apiRoutes } from '../../../src/console/api/create-api.ts';
import { type Client, NO_SERVER, openPeopleHouse, type PeopleHouse } from '../../support/people-house.ts';

let house: PeopleHouse;
let admin: Client;
// biome-ignore lint/suspicious/noExplicitAny: a document of any shape is read here
let document: any;

beforeAll(async () => {
  house = await openPeopleHouse();
  await house.addUser('root', 'admin');
  admin = house.client();
  await admin.signIn('root');
  document = (await admin.get('/api/openapi.json')).json;
});
afterAll(() => house.close());

test('it names every route once, with an operation id of its own', () => {
  const listed = Object.entries(document.paths).flatMap(([path, operations]) =>
    Object.keys(operations as object).map((method) => `${method.toUpperCase()} ${path}`),
  );
  expect(listed.sort()).toEqual(
    apiRoutes({ ...house.parts, ...NO_SERVER })
      .map(({ method, path }) => `${method} ${path}`)
      .sort(),
  );
  const ids = Object.values(document.paths).flatMap((operations) =>
    Object.values(operations as Record<string, { operationId: string }>).map((each) => each.operationId),
  );
  expect(new Set(ids).size).toBe(ids.length);
  expect(document.openapi).toBe('3.1.0');
});

test('every reference in it leads somewhere, and its schemas compile', () => {
  const references = JSON.stringify(document).match(/#\/components\/schemas\/\w+/g) ?? [];
  expect(references.length).toBeGreaterThan(10);
  for (const reference of references) {
    expect(document.components.schemas).toHaveProperty([reference.split('/').at(-1) ?? '']);
  }
  const ajv = new Ajv2020({ strict: false });
  addFormats(ajv);
  ajv.addSchema({ $id: 'doc', ...document });
  for (const name of Object.keys(document.components.schemas)) {
    expect(() => ajv.compile({ $ref: `doc#/components/schemas/${name}` })).not.toThrow();
  }
});

test.each([
  '/auth/me',
  '/api/me',
  '/api/me/sessions',
  '/api/me/api-keys',
  '/api/me/usage/summary',
  '/api/me/usage/by-day',
  '/api/admin/users',
  '/api/admin/audit',
  '/api/setup',
])('what GET %s answers fits its schema', async (path) => {
  const { json, status } = await admin.get(path);
  expect(status).toBe(200);
  const ajv = new Ajv2020({ strict: false });
  addFormats(ajv);
  ajv.addSchema({ $id: 'doc', ...document });
  const place = `doc#/paths/${path.replaceAll('/', '~1')}/get/responses/200/content/application~1json/schema`;
  const validate = ajv.compile({ $ref: place });
  expect(validate(json) ? null : validate.errors).toBeNull();
});
