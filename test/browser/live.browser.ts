// Guarantee: an admin sees a running request appear and go without loading the page again, and a failing provider key resting
// with its time counting down. Run by `npm run test:browser`.
import { afterAll, describe, expect, test } from 'bun:test';
import type { Browser } from 'playwright-core';
import { type Script, startScriptedUpstream } from '../support/scripted-upstream.ts';
import { fillHouse, HOUSE_PASSWORD } from './support/full-house.ts';
import { findChromium, launch, openContext } from './support/open-browser.ts';
import { signInAs } from './support/page-list.ts';
import { startDashboard } from './support/start-dashboard.ts';

const MASTER = 'master-key-of-the-browser-tests-0123456789';
const chromium = findChromium();
const browser: Browser | null = chromium === null ? null : await launch(chromium);
afterAll(() => browser?.close());

describe.skipIf(browser === null)('what changes by itself', () => {
  test('live requests come and go; a limited key rests and counts down', async () => {
    if (!browser) return;
    const upstream = await startScriptedUpstream(HANG);
    const dashboard = await startDashboard({
      environment: {
        INITIAL_ADMIN_USERNAME: 'admin',
        INITIAL_ADMIN_PASSWORD: HOUSE_PASSWORD,
        PROXY_API_KEY: MASTER,
        MOCK_API_BASE: `${upstream.url}/v1`,
        MOCK_API_KEY: 'sk-mock-mock-mock-mock-mock-mock',
      },
    });
    const origin = dashboard.url;
    try {
      const { page, context, faults } = await openContext(browser, { origin });
      await signInAs(page, origin, 'admin');
      await page.goto(`${origin}/ui/admin/live`);
      await page.waitForSelector('text=Nothing is running');
      const leave = new AbortController();
      const asked = ask(origin, leave.signal);
      await page.waitForSelector('#live >> text=mock/slow', { timeout: 5_000 });
      leave.abort();
      await asked.catch(() => {});
      await page.waitForSelector('text=Nothing is running', { timeout: 10_000 });

      upstream.play(LIMITED);
      expect((await ask(origin, AbortSignal.timeout(20_000))).status).toBe(429);
      await page.goto(`${origin}/ui/admin/providers`);
      const clock = page.locator('[data-until]').first();
      const before = await clock.textContent();
      await page.waitForFunction(
        (text) => Reflect.get(globalThis, 'document').querySelector('[data-until]').textContent !== text,
        before,
      );
      expect(await page.textContent('#providers')).toContain('Resting');
      expect(await page.textContent('#providers')).toContain('the provider limited this key: slow');
      expect(faults).toEqual([]);
      await context.close();
    } finally {
      await dashboard.stop();
      await upstream.stop();
    }
  }, 120_000);
});

describe.skipIf(browser === null)('the usage explorer', () => {
  test('offers a chart to zoom into, drawn under the same policy', async () => {
    if (!browser) return;
    const dashboard = await startDashboard({ seed: fillHouse });
    const { page, context, faults } = await openContext(browser, { origin: dashboard.url });
    await signInAs(page, dashboard.url, 'admin');
    await page.goto(`${dashboard.url}/ui/admin/usage`);
    await page.click('[data-zoom-button]');
    await page.waitForSelector('[data-zoom-plot] canvas');
    expect(await page.getAttribute('[data-zoom-button]', 'aria-pressed')).toBe('true');
    expect(await page.isVisible('svg.chart')).toBe(false);
    await page.click('[data-zoom-button]');
    expect(await page.isVisible('svg.chart')).toBe(true);
    expect(faults).toEqual([]);
    await context.close();
    await dashboard.stop();
  }, 120_000);
});

const HANG: Script = () => ({ headers: { 'content-type': 'text/event-stream' }, steps: [{ hang: true }] });
const LIMITED: Script = () => ({
  status: 429,
  headers: { 'retry-after': '90' },
  steps: [{ send: JSON.stringify({ error: { message: 'slow down', type: 'rate_limit' } }) }],
});

function ask(origin: string, signal: AbortSignal): Promise<Response> {
  return fetch(`${origin}/v1/chat/completions`, {
    method: 'POST',
    signal,
    headers: { authorization: `Bearer ${MASTER}`, 'content-type': 'application/json' },
    body: JSON.stringify({ model: 'mock/slow', stream: true, messages: [{ role: 'user', content: 'hi' }] }),
  });
}
