// Every page by name and path, for the tests and the screenshots that look at all of them.
import type { Page } from 'playwright-core';
import { HOUSE_PASSWORD } from './full-house.ts';

/** Pages of a full house, as its admin sees them. */
export const ADMIN_PAGES: Readonly<Record<string, string>> = {
  overview: '/ui?range=30d',
  'overview-hours': '/ui?range=24h',
  keys: '/ui/keys',
  'key-new': '/ui/keys/new',
  connect: '/ui/connect?client=claude-code',
  requests: '/ui/requests',
  usage: '/ui/usage',
  account: '/ui/account',
  house: '/ui/admin?range=30d',
  'house-huge': '/ui/admin?range=90d',
  live: '/ui/admin/live',
  'all-requests': '/ui/admin/requests',
  'all-requests-failed': '/ui/admin/requests?outcome=error',
  'house-usage': '/ui/admin/usage?by=user&and=model',
  'house-usage-compared': '/ui/admin/usage?measure=tokens&compare=1',
  users: '/ui/admin/users?sort=-spend',
  'user-new': '/ui/admin/users/new',
  'all-keys': '/ui/admin/keys',
  providers: '/ui/admin/providers',
  'provider-new': '/ui/admin/providers/new',
  models: '/ui/admin/models',
  price: '/ui/admin/models/price?model=demo%2Fecho',
  limits: '/ui/admin/limits',
  audit: '/ui/admin/audit',
  settings: '/ui/admin/settings',
};

/** Pages that anybody sees. */
export const OPEN_PAGES: Readonly<Record<string, string>> = {
  'sign-in': '/ui/sign-in',
  forgotten: '/ui/forgotten',
};

/** Pages of one thing, found by following the first link to such a thing. */
export const FOLLOWED_PAGES: Readonly<Record<string, { readonly from: string; readonly link: string }>> = {
  key: { from: '/ui/keys', link: 'main table a[href^="/ui/keys/key_"]' },
  'key-revoke': { from: '/ui/keys', link: 'main table a[href^="/ui/keys/key_"]' },
  request: { from: '/ui/admin/requests', link: 'main table a[href^="/ui/admin/requests/req_"]' },
  'request-failed': {
    from: '/ui/admin/requests?outcome=error',
    link: 'main table a[href^="/ui/admin/requests/req_"]',
  },
  'request-failed-over': {
    from: '/ui/admin/requests',
    link: 'main table tr:has(td:last-child:text-is("2")) a[href^="/ui/admin/requests/req_"]',
  },
  user: { from: '/ui/admin/users?q=web-team', link: 'main table a[href^="/ui/admin/users/usr_"]' },
};

/** Paths of all pages, with those of single things filled in. The page must be signed in. */
export async function allPaths(page: Page, origin: string): Promise<Map<string, string>> {
  const paths = new Map([...Object.entries(ADMIN_PAGES)]);
  for (const [name, { from, link }] of Object.entries(FOLLOWED_PAGES)) {
    await page.goto(`${origin}${from}`);
    const href = await page.getAttribute(link, 'href');
    if (href === null) throw new Error(`no link to a ${name} on ${from}`);
    paths.set(name, name === 'key-revoke' ? `${href}/revoke` : href);
  }
  return paths;
}

export async function signInAs(page: Page, origin: string, name: string): Promise<void> {
  await page.goto(`${origin}/ui/sign-in`);
  await page.fill('#f-username', name);
  await page.fill('#f-password', HOUSE_PASSWORD);
  await page.click('button:has-text("Sign in")');
  await page.waitForURL(`${origin}/ui`);
}
