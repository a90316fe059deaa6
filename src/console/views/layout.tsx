// The shell of every page: head, skip link, navigation and landmarks. Knows nothing of what a page shows.
import type { Child } from 'hono/jsx';
import type { Frame, Notice } from './frame.ts';
import { CSRF_FIELD } from './frame.ts';
import { Icon, type IconName, Mark } from './icon.tsx';

interface NavItem {
  readonly href: string;
  readonly label: string;
  readonly icon: IconName;
}

const OWN: readonly NavItem[] = [
  { href: '/ui', label: 'Overview', icon: 'overview' },
  { href: '/ui/keys', label: 'API keys', icon: 'key' },
  { href: '/ui/connect', label: 'Connect', icon: 'plug' },
  { href: '/ui/requests', label: 'Requests', icon: 'list' },
  { href: '/ui/usage', label: 'Usage explorer', icon: 'chart' },
  { href: '/ui/limits', label: 'My limits', icon: 'gauge' },
  { href: '/ui/account', label: 'Account', icon: 'user' },
];

const HOUSE: readonly NavItem[] = [
  { href: '/ui/admin', label: 'House overview', icon: 'house' },
  { href: '/ui/admin/live', label: 'Live requests', icon: 'pulse' },
  { href: '/ui/admin/requests', label: 'All requests', icon: 'list' },
  { href: '/ui/admin/usage', label: 'House usage', icon: 'chart' },
  { href: '/ui/admin/users', label: 'Users', icon: 'users' },
  { href: '/ui/admin/keys', label: 'All keys', icon: 'key' },
  { href: '/ui/admin/limits', label: 'Limits', icon: 'gauge' },
  { href: '/ui/admin/providers', label: 'Providers', icon: 'server' },
  { href: '/ui/admin/models', label: 'Models', icon: 'tag' },
  { href: '/ui/admin/audit', label: 'Audit log', icon: 'scroll' },
  { href: '/ui/admin/settings', label: 'Settings', icon: 'gear' },
];

export interface PageProps {
  readonly frame: Frame;
  readonly title: string;
  readonly lead?: Child;
  readonly actions?: Child;
  readonly children?: Child;
  /** Loads the zoomable charts as well. */
  readonly charts?: boolean;
}

/** A page for somebody who is signed in. */
export function Page({ frame, title, lead, actions, children, charts }: PageProps) {
  return (
    <Document frame={frame} title={title} charts={charts ?? false}>
      <a href="#content" class="skip-link">
        Skip to content
      </a>
      <div class="frame">
        <details class="topbar">
          <summary>
            <Brand />
            <span class="flex items-center gap-2 text-sm font-medium">
              <span class="size-5">
                <Icon name="menu" />
              </span>
              Menu
            </span>
          </summary>
          <div class="topbar-body">
            <Nav frame={frame} label="Menu" />
          </div>
        </details>
        <aside class="side" aria-label="Sidebar">
          <div class="side-inner">
            <a href="/ui" class="px-3">
              <Brand />
            </a>
            <Nav frame={frame} label="Main" />
          </div>
        </aside>
        <main id="content" tabindex={-1} class="content">
          <header class="page-head">
            <div class="min-w-0">
              <h1>{title}</h1>
              {lead ? <p class="lead">{lead}</p> : null}
            </div>
            {actions ? <div class="actions">{actions}</div> : null}
          </header>
          {frame.notice ? (
            <div class="mb-6">
              <NoticeBox notice={frame.notice} />
            </div>
          ) : null}
          {children}
        </main>
      </div>
    </Document>
  );
}

/** A page for somebody at the gate: sign-in, setup, errors. */
export function GatePage({ frame, title, lead, children }: Omit<PageProps, 'actions' | 'charts'>) {
  return (
    <Document frame={frame} title={title} charts={false}>
      <main class="gate" id="content">
        <div class="gate-card">
          <div class="mb-8">
            <Brand />
          </div>
          <h1>{title}</h1>
          {lead ? <p class="lead">{lead}</p> : null}
          {frame.notice ? (
            <div class="mt-6">
              <NoticeBox notice={frame.notice} />
            </div>
          ) : null}
          <div class="mt-8">{children}</div>
        </div>
      </main>
    </Document>
  );
}

export function NoticeBox({ notice }: { notice: Notice }) {
  const icon: IconName = notice.tone === 'good' ? 'check' : notice.tone === 'plain' ? 'info' : 'warn';
  return (
    <div class={`notice notice-${notice.tone}`} role={notice.tone === 'bad' ? 'alert' : 'status'}>
      <Icon name={icon} />
      <p>{notice.text}</p>
    </div>
  );
}

function Document(props: { frame: Frame; title: string; charts: boolean; children?: Child }) {
  const { frame, title, charts, children } = props;
  const theme = frame.theme === 'system' ? {} : { 'data-theme': frame.theme };
  return (
    <html lang="en" {...theme}>
      <head>
        <meta charset="utf-8" />
        <title>{`${title} · Tollgate`}</title>
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <meta name="color-scheme" content={frame.theme === 'system' ? 'light dark' : frame.theme} />
        <meta
          name="htmx-config"
          content='{"includeIndicatorCSS":false,"history":false,"defaultTimeout":15000}'
        />
        <link rel="icon" href={frame.assets.icon} type="image/svg+xml" />
        <link rel="stylesheet" href={frame.assets.css} />
        {charts ? <link rel="stylesheet" href={frame.assets.chartCss} /> : null}
        {charts ? <script src={frame.assets.chartScript} defer /> : null}
        <script src={frame.assets.htmx} defer />
        <script src={frame.assets.script} defer />
      </head>
      <body>{children}</body>
    </html>
  );
}

function Brand() {
  return (
    <span class="flex items-center gap-2.5 font-semibold tracking-tight">
      <Mark />
      Tollgate
    </span>
  );
}

function Nav({ frame, label }: { frame: Frame; label: string }) {
  return (
    <>
      <nav aria-label={label} class="grid gap-6">
        <NavGroup frame={frame} items={OWN} />
        {frame.viewer?.role === 'admin' ? <NavGroup frame={frame} items={HOUSE} title="House" /> : null}
      </nav>
      <div class="mt-auto grid gap-3 border-t border-line pt-4 max-lg:mt-6">
        <p class="min-w-0 px-3 text-sm">
          <span class="block truncate font-medium">{frame.viewer?.name}</span>
          <span class="quiet">{frame.viewer?.role === 'admin' ? 'Admin' : 'User'}</span>
        </p>
        <form method="post" action="/ui/sign-out">
          <input type="hidden" name={CSRF_FIELD} value={frame.csrf} />
          <button type="submit" class="nav-link w-full">
            <Icon name="exit" />
            Sign out
          </button>
        </form>
      </div>
    </>
  );
}

function NavGroup({ frame, items, title }: { frame: Frame; items: readonly NavItem[]; title?: string }) {
  const current = currentItem(frame.path);
  return (
    <div>
      {title ? <p class="nav-title">{title}</p> : null}
      <ul class="grid gap-0.5">
        {items.map((item) => (
          <li>
            <a
              href={item.href}
              class="nav-link"
              {...(item.href === current ? { 'aria-current': 'page' } : {})}
            >
              <Icon name={item.icon} />
              {item.label}
            </a>
          </li>
        ))}
      </ul>
    </div>
  );
}

/** The item whose address is the longest beginning of the path. */
function currentItem(path: string): string | null {
  const fits = [...OWN, ...HOUSE]
    .map((item) => item.href)
    .filter((href) => path === href || path.startsWith(`${href}/`));
  return fits.toSorted((a, b) => b.length - a.length)[0] ?? null;
}
