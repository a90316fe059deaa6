// Guarantee: a newcomer gets from the setup link to the first counted request, and an admin can stop a key and a person at once;
// all of it with JavaScript and without. Run by `npm run test:browser`.
import { afterAll, describe, expect, test } from 'bun:test';
import type { Browser, Page } from 'playwright-core';
import { startScriptedUpstream } from '../support/scripted-upstream.ts';
import { axeFindings } from './support/axe-findings.ts';
import { findChromium, launch, openContext } from './support/open-browser.ts';
import { startDashboard } from './support/start-dashboard.ts';

const PASSWORD = 'tiger lamp river 9';
/** Chromium notes the status of a page that shows a form again; the walk fills in two of them wrongly on purpose. */
const REFUSED_FORM = /status of (?:400|401)/;
const SEEN_WITHIN_MS = 2_000;
const chromium = findChromium();
const browser: Browser | null = chromium === null ? null : await launch(chromium);
afterAll(() => browser?.close());

describe.skipIf(browser === null).each([
  { name: 'with JavaScript', javaScript: true },
  { name: 'without JavaScript', javaScript: false },
])('the walk $name', ({ javaScript }) => {
  test('setup, provider, user, key, request, both dashboards, revoke, disable', async () => {
    if (!browser) return;
    const upstream = await startScriptedUpstream(() => ({ steps: [{ send: JSON.stringify(ANSWER) }] }));
    const dashboard = await startDashboard({ environment: { ALLOW_PRIVATE_UPSTREAMS: '127.0.0.0/8' } });
    const origin = dashboard.url;
    try {
      const admin = await openContext(browser, { origin, javaScript, allowed: REFUSED_FORM });
      const person = await openContext(browser, { origin, javaScript, allowed: REFUSED_FORM });
      if (javaScript) for (const each of [admin, person]) scripted.add(each.page);
      await setUp(admin.page, `${origin}${dashboard.setupLink}`);
      await addProvider(admin.page, origin, upstream.url);
      const password = await createUser(admin.page, origin, 'dana');
      await signIn(person.page, origin, { name: 'dana', password });
      const token = await makeKey(person.page, origin, 'laptop');

      expect((await ask(origin, token)).status).toBe(200);
      await seesRequest(person.page, `${origin}/ui?range=24h`);
      await seesRequest(admin.page, `${origin}/ui/admin?range=24h`);

      await revokeKey(person.page, origin, 'laptop');
      expect((await ask(origin, token)).status).toBe(401);

      await disableUser(admin.page, origin, 'dana');
      await person.page.goto(`${origin}/ui`);
      expect(await person.page.textContent('h1')).toBe('Sign in');
      expect([...admin.faults, ...person.faults]).toEqual([]);
      await Promise.all([admin.context.close(), person.context.close()]);
    } finally {
      await dashboard.stop();
      await upstream.stop();
    }
  }, 120_000);
});

const ANSWER = {
  id: 'chatcmpl-1',
  object: 'chat.completion',
  created: 1_767_225_600,
  model: 'small',
  choices: [{ index: 0, message: { role: 'assistant', content: 'hello' }, finish_reason: 'stop' }],
  usage: { prompt_tokens: 11, completion_tokens: 7, total_tokens: 18 },
};

/** Pages with JavaScript. */
const scripted = new WeakSet<Page>();

/** Pages that only a walk comes by: their looks are judged on the way. Axe itself needs JavaScript in the page. */
async function judge(page: Page): Promise<void> {
  if (!scripted.has(page)) return;
  expect(await axeFindings(page)).toEqual([]);
}

async function setUp(page: Page, link: string): Promise<void> {
  await page.goto(link);
  // A first try with a bad password: the name that was typed is still there, and the fault stands beside its field.
  await page.fill('#f-username', 'root');
  await page.fill('#f-password', 'short');
  await page.click('button[type=submit]');
  expect(await page.inputValue('#f-username')).toBe('root');
  expect(await page.textContent('#f-password-error')).toContain('at least');
  await judge(page);
  await page.fill('#f-password', PASSWORD);
  await page.click('button[type=submit]');
  expect(await page.textContent('[data-token]')).toMatch(/^tg_/);
  await judge(page);
}

async function addProvider(page: Page, origin: string, upstreamUrl: string): Promise<void> {
  await page.goto(`${origin}/ui/admin/providers/new`);
  await page.selectOption('#f-provider', '');
  await page.click('summary:has-text("Another provider")');
  await page.fill('#f-name', 'mock');
  await page.fill('#f-base_url', `${upstreamUrl}/v1`);
  await page.fill('#f-secret', 'sk-mock-mock-mock-mock-mock-mock');
  await page.click('button:has-text("Save key")');
  expect(await page.textContent('main')).toContain('The provider key is saved');
  expect(await page.textContent('main')).not.toContain('sk-mock');
}

async function createUser(page: Page, origin: string, name: string): Promise<string> {
  await page.goto(`${origin}/ui/admin/users/new`);
  await page.fill('#f-username', name);
  await page.click('button:has-text("Create user")');
  await judge(page);
  return (await page.textContent('[data-password]'))?.trim() ?? '';
}

async function signIn(page: Page, origin: string, who: { name: string; password: string }): Promise<void> {
  await page.goto(`${origin}/ui/keys`);
  await page.fill('#f-username', who.name);
  await page.fill('#f-password', 'not the password');
  await page.click('button:has-text("Sign in")');
  expect(await page.textContent('[role=alert]')).toContain('Invalid username or password');
  await judge(page);
  expect(await page.inputValue('#f-username')).toBe(who.name);
  await page.fill('#f-password', who.password);
  await page.click('button:has-text("Sign in")');
  expect(await page.textContent('h1')).toBe('API keys');
}

async function makeKey(page: Page, origin: string, name: string): Promise<string> {
  await page.goto(`${origin}/ui/keys/new`);
  await page.fill('#f-name', name);
  await page.click('button:has-text("Make key")');
  const token = (await page.textContent('[data-token]'))?.trim() ?? '';
  expect(token).toMatch(/^tg_/);
  expect(await page.textContent('main')).toContain(`${origin}/v1/chat/completions`);
  await page.goto(`${origin}/ui/keys`);
  expect(await page.textContent('main')).not.toContain(token);
  return token;
}

function ask(origin: string, token: string): Promise<Response> {
  return fetch(`${origin}/v1/chat/completions`, {
    method: 'POST',
    headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
    body: JSON.stringify({ model: 'mock/small', messages: [{ role: 'user', content: 'hi' }] }),
  });
}

/** The tile of requests says 1 within the promised time. */
async function seesRequest(page: Page, url: string): Promise<void> {
  const deadline = performance.now() + SEEN_WITHIN_MS;
  for (;;) {
    await page.goto(url);
    const text = (await page.textContent('.tile:has-text("Requests") .tile-value'))?.trim();
    if (text === '1') return;
    if (performance.now() > deadline) throw new Error(`${url} did not show the request in time`);
  }
}

async function revokeKey(page: Page, origin: string, name: string): Promise<void> {
  await page.goto(`${origin}/ui/keys`);
  await page.click(`a:has-text("${name}")`);
  await page.click('a:has-text("Revoke")');
  expect(await page.textContent('main')).toContain('refused from their next request on');
  await page.click('button:has-text("Revoke key")');
  expect(await page.textContent('main')).toContain('The key is revoked');
}

async function disableUser(page: Page, origin: string, name: string): Promise<void> {
  await page.goto(`${origin}/ui/admin/users?q=${name}`);
  await page.click(`main a:has-text("${name}")`);
  await page.click('a:has-text("Disable")');
  await judge(page);
  await page.click('button:has-text("Disable user")');
  expect(await page.textContent('main')).toContain('The user is disabled');
}
