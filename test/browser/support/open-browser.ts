// A real Chromium for tests: CHROMIUM_PATH, or the system's. Watches each page for what must never happen on one.
import { existsSync } from 'node:fs';
import { type Browser, type BrowserContext, chromium, type Page } from 'playwright-core';

const PLACES = [
  '/usr/bin/chromium',
  '/usr/bin/chromium-browser',
  '/usr/bin/google-chrome',
  '/usr/bin/google-chrome-stable',
  '/Applications/Google Chrome.app/Contents/MacOS/Google Chrome',
];

const QUIET = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];

/** Where Chromium is, or null. Says so once, so that a skipped run is no silent one. */
export function findChromium(): string | null {
  const found = [process.env.CHROMIUM_PATH, ...PLACES].find((path) => path && existsSync(path)) ?? null;
  if (found === null) {
    const line = 'browser tests skipped: no Chromium here (install one, or name it in CHROMIUM_PATH)';
    if (process.env.BROWSER_REQUIRED) throw new Error(line);
    process.stdout.write(`${line}\n`);
  }
  return found;
}

export function launch(executablePath: string): Promise<Browser> {
  return chromium.launch({ executablePath, args: QUIET });
}

export interface WatchedContext {
  readonly context: BrowserContext;
  readonly page: Page;
  /** Console errors, uncaught errors, policy violations and requests to other hosts, in words. */
  readonly faults: string[];
  /** Bytes that came over the wire since the last call. */
  readonly bytes: () => number;
}

export async function openContext(
  browser: Browser,
  options: {
    readonly origin: string;
    readonly javaScript?: boolean;
    readonly width?: number;
    readonly theme?: 'light' | 'dark';
    /** A missing page is a console error of Chromium's own; tests that ask for one allow it. */
    readonly allowed?: RegExp;
  },
): Promise<WatchedContext> {
  const { origin, javaScript = true, width = 1440, theme = 'light', allowed } = options;
  const context = await browser.newContext({
    javaScriptEnabled: javaScript,
    viewport: { width, height: width < 500 ? 844 : 900 },
    colorScheme: theme,
    timezoneId: 'Europe/Lisbon',
  });
  context.setDefaultTimeout(20_000);
  const page = await context.newPage();
  const faults: string[] = [];
  const note = (text: string) => {
    if (!allowed?.test(text)) faults.push(`${page.url()}: ${text}`);
  };
  page.on('console', (message) => {
    if (message.type() === 'error' || /Content Security Policy/i.test(message.text())) note(message.text());
  });
  page.on('pageerror', (error) => note(error.message));
  page.on('request', (request) => {
    const url = request.url();
    if (!url.startsWith(`${origin}/`) && !url.startsWith('data:')) note(`asks another host: ${url}`);
  });
  let bytes = 0;
  const wire = await context.newCDPSession(page);
  await wire.send('Network.enable');
  wire.on('Network.loadingFinished', (event) => {
    bytes += event.encodedDataLength;
  });
  return {
    context,
    page,
    faults,
    bytes: () => {
      const taken = bytes;
      bytes = 0;
      return taken;
    },
  };
}
