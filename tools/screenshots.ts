// Writes a picture of every page into screenshots/: three widths, two themes, a full house and an empty one.
// `npm run screenshots [name,name…] [width,width…] [theme,theme…]`
import { mkdirSync } from 'node:fs';
import { join, resolve } from 'node:path';
import type { Browser } from 'playwright-core';
import { fillHouse, HOUSE_ENVIRONMENT } from '../test/browser/support/full-house.ts';
import { findChromium, launch, openContext } from '../test/browser/support/open-browser.ts';
import { ADMIN_PAGES, allPaths, OPEN_PAGES, signInAs } from '../test/browser/support/page-list.ts';
import { startDashboard } from '../test/browser/support/start-dashboard.ts';

const FOLDER = resolve(import.meta.dir, '../screenshots');
const [names, widths = '1440,768,390', themes = 'light,dark'] = process.argv.slice(2);
const wanted = names && names !== 'all' ? new Set(names.split(',')) : null;

interface Shoot {
  readonly browser: Browser;
  readonly origin: string;
  readonly kind: 'full' | 'empty';
  readonly width: number;
  readonly theme: 'light' | 'dark';
}

async function shoot({ browser, origin, kind, width, theme }: Shoot): Promise<void> {
  const { context, page } = await openContext(browser, { origin, width, theme });
  const take = async (name: string, path: string) => {
    if (wanted && !wanted.has(kind === 'full' ? name : `empty-${name}`)) return;
    await page.goto(`${origin}${path}`, { waitUntil: 'load' });
    const prefix = kind === 'full' ? '' : 'empty-';
    await page.screenshot({ path: join(FOLDER, `${prefix}${name}-${width}-${theme}.png`), fullPage: true });
  };
  if (kind === 'full') for (const [name, path] of Object.entries(OPEN_PAGES)) await take(name, path);
  await signInAs(page, origin, 'admin');
  const paths = kind === 'full' ? await allPaths(page, origin) : new Map(Object.entries(ADMIN_PAGES));
  for (const [name, path] of paths) await take(name, path);
  await context.close();
}

const executable = findChromium();
if (executable !== null) {
  mkdirSync(FOLDER, { recursive: true });
  const browser = await launch(executable);
  const houses = {
    full: await startDashboard({ seed: fillHouse, environment: HOUSE_ENVIRONMENT }),
    empty: await startDashboard({
      environment: { INITIAL_ADMIN_USERNAME: 'admin', INITIAL_ADMIN_PASSWORD: 'tiger lamp river 9' },
    }),
  };
  for (const kind of ['full', 'empty'] as const) {
    for (const width of widths.split(',').map(Number)) {
      for (const theme of themes.split(',') as ('light' | 'dark')[]) {
        await shoot({ browser, origin: houses[kind].url, kind, width, theme });
      }
    }
  }
  await browser.close();
  await houses.full.stop();
  await houses.empty.stop();
}
process.exit(0);
