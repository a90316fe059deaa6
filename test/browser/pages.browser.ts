// Guarantee: on every page, in both themes, axe finds nothing, the policy is never broken, no other host is asked, the console
// stays clean and a first visit moves less than 150 KB. Run by `npm run test:browser`.
import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import type { Browser, Page } from 'playwright-core';
import { axeFindings } from './support/axe-findings.ts';
import { fillHouse, HOUSE_ENVIRONMENT } from './support/full-house.ts';
import { findChromium, launch, openContext } from './support/open-browser.ts';
import { ADMIN_PAGES, allPaths, OPEN_PAGES, signInAs } from './support/page-list.ts';
import { type Dashboard, startDashboard } from './support/start-dashboard.ts';

/** Runs in the page. */
const INLINE_SCRIPT = `
  const script = document.createElement('script');
  script.textContent = 'window.ran = true';
  document.body.append(script);`;
const FIRST_VISIT_BYTES_MAX = 150_000;
const chromium = findChromium();
const browser: Browser | null = chromium === null ? null : await launch(chromium);
let full: Dashboard;
let empty: Dashboard;

beforeAll(async () => {
  if (!browser) return;
  full = await startDashboard({ seed: fillHouse, environment: HOUSE_ENVIRONMENT });
  empty = await startDashboard({
    environment: { INITIAL_ADMIN_USERNAME: 'admin', INITIAL_ADMIN_PASSWORD: 'tiger lamp river 9' },
  });
}, 120_000);
afterAll(async () => {
  await browser?.close();
  await full?.stop();
  await empty?.stop();
});

describe.skipIf(browser === null).each(['light', 'dark'] as const)('every page, %s', (theme) => {
  test('of a full house', async () => {
    if (!browser) return;
    const { context, page, faults, bytes } = await openContext(browser, { origin: full.url, theme });
    const found: string[] = [];
    for (const path of Object.values(OPEN_PAGES)) found.push(...(await look(page, `${full.url}${path}`)));
    await signInAs(page, full.url, 'admin');
    for (const [name, path] of await allPaths(page, full.url)) {
      found.push(...(await look(page, `${full.url}${path}`)).map((text) => `${name}: ${text}`));
    }
    expect(found).toEqual([]);
    expect(faults).toEqual([]);
    expect(bytes()).toBeGreaterThan(0);
    await context.close();
  }, 240_000);

  test('of an empty house', async () => {
    if (!browser) return;
    const { context, page, faults } = await openContext(browser, { origin: empty.url, theme, width: 390 });
    const found: string[] = [];
    await signInAs(page, empty.url, 'admin');
    for (const [name, path] of Object.entries(ADMIN_PAGES)) {
      found.push(...(await look(page, `${empty.url}${path}`)).map((text) => `${name}: ${text}`));
    }
    expect(found).toEqual([]);
    expect(faults).toEqual([]);
    await context.close();
  }, 240_000);
});

describe.skipIf(browser === null)('a first visit', () => {
  test('moves less than 150 KB, whatever the page', async () => {
    if (!browser) return;
    const first = await openContext(browser, { origin: full.url });
    await signInAs(first.page, full.url, 'admin');
    const cookies = await first.context.cookies();
    const heavy: string[] = [];
    for (const [name, path] of await allPaths(first.page, full.url)) {
      const { context, page, bytes } = await openContext(browser, { origin: full.url });
      await context.addCookies(cookies);
      await page.goto(`${full.url}${path}`, { waitUntil: 'load' });
      const moved = bytes();
      if (moved > FIRST_VISIT_BYTES_MAX || moved < 10_000) heavy.push(`${name}: ${moved} bytes`);
      await context.close();
    }
    expect(heavy).toEqual([]);
    await first.context.close();
  }, 240_000);

  test('the policy is really in force: an inline script would be refused and noted', async () => {
    if (!browser) return;
    const { context, page, faults } = await openContext(browser, { origin: full.url });
    await page.goto(`${full.url}/ui/sign-in`);
    await page.evaluate(INLINE_SCRIPT);
    expect(await page.evaluate('window.ran === true')).toBe(false);
    expect(faults.join()).toContain('Content Security Policy');
    await context.close();
  }, 60_000);
});

/** What axe finds, and whether the page is wider than the window. */
async function look(page: Page, url: string): Promise<string[]> {
  const response = await page.goto(url, { waitUntil: 'load' });
  const faults = response?.status() === 200 ? [] : [`status ${response?.status()}`];
  return [...faults, ...(await axeFindings(page))];
}
