// Guarantee: a price that an admin sets on a page counts for the next requests and leaves those before as they were written.
import { afterAll, beforeAll, expect, test } from 'bun:test';
import { startTollgate, type TestTollgate } from '../support/start-tollgate.ts';

const PASSWORD = 'tiger lamp river 9';
let house: TestTollgate;
let cookie: string;

beforeAll(async () => {
  house = await startTollgate({ INITIAL_ADMIN_USERNAME: 'root', INITIAL_ADMIN_PASSWORD: PASSWORD });
  const response = await post('/ui/sign-in', { username: 'root', password: PASSWORD });
  cookie = response.headers.get('set-cookie')?.split(';')[0] ?? '';
});
afterAll(() => house.stop());

test('unpriced before, priced after, and the audit log knows who did it', async () => {
  await chat();
  const bad = await post('/ui/admin/models/price', { pattern: 'demo/echo', input: 'much', output: '1' });
  expect(bad.status).toBe(400);
  expect(await bad.text()).toContain('value="much"');
  const good = { pattern: 'demo/echo', input: '1000000', output: '0', cached: '' };
  expect((await post('/ui/admin/models/price', good)).status).toBe(303);
  const deadline = performance.now() + 10_000;
  let rows = await house.usageEvents(1);
  for (let asked = 2; rows.at(-1)?.cost_nano_usd === null && performance.now() < deadline; asked += 1) {
    await chat();
    rows = await house.usageEvents(asked);
  }
  expect(rows[0]).toMatchObject({ cost_nano_usd: null, unpriced: 1 });
  expect(rows.at(-1)).toMatchObject({
    cost_nano_usd: 1_000_000_000 * (rows.at(-1)?.prompt_tokens ?? 0),
    unpriced: 0,
  });
  const audit = await fetch(`${house.url}/ui/admin/audit?action=price_set`, { headers: { cookie } });
  expect(await audit.text()).toContain('demo/echo');
}, 30_000);

function chat(): Promise<Response> {
  return house.post('/v1/chat/completions', {
    model: 'demo/echo',
    messages: [{ role: 'user', content: 'hi' }],
  });
}

function post(path: string, form: Record<string, string>): Promise<Response> {
  return fetch(`${house.url}${path}`, {
    method: 'POST',
    redirect: 'manual',
    headers: {
      'content-type': 'application/x-www-form-urlencoded',
      'sec-fetch-site': 'same-origin',
      cookie: cookie ?? '',
    },
    body: new URLSearchParams(form),
  });
}
