// Awkward data for page samples: long names, hostile text, zero and huge numbers.
import type { KeyRow } from '../../src/console/pages/keys-pages.tsx';
import type { OverviewModel } from '../../src/console/pages/overview-page.tsx';
import { type Counters, NO_COUNTERS } from '../../src/console/pages/usage-model.ts';
import type { UserRow } from '../../src/console/pages/users-pages.tsx';
import type { Frame } from '../../src/console/views/frame.ts';
import { NO_USAGE } from '../../src/core/token-usage.ts';
import type { UsageEvent } from '../../src/core/usage-event.ts';

/** Text that would run if any page failed to escape it. */
export const HOSTILE = `"onx='1'><script>alert(1)</script>\u202e`;

export const NOW_MS = Date.UTC(2026, 10, 23, 14);
export const HUGE: Counters = {
  ...NO_COUNTERS,
  requests: 3_000_000_000,
  failed: 12,
  promptTokens: 9_007_199_254_740_991,
  costNanoUsd: 4_503_599_627_370_496,
  unpriced: 3,
  estimated: 4,
  unknown: 5,
  durationMs: 9e12,
};

const urls = {
  css: '/ui/assets/app.css',
  script: '/ui/assets/client.js',
  htmx: '/ui/assets/htmx.js',
  chartScript: '/ui/assets/uplot.js',
  chartCss: '/ui/assets/uplot.css',
  icon: '/ui/assets/icon.svg',
};

export function sampleFrame(path: string): Frame {
  return {
    path,
    viewer: { id: 'usr_1', name: HOSTILE, role: 'admin' },
    theme: 'dark',
    csrf: HOSTILE,
    timeZone: 'Asia/Kathmandu',
    nowMs: NOW_MS,
    assets: urls,
    notice: { tone: 'bad', text: HOSTILE },
  };
}

export const key: KeyRow = {
  id: 'key_1',
  name: HOSTILE,
  prefix: HOSTILE,
  owner: HOSTILE,
  ownerHref: '/ui/admin/users/usr_1',
  href: '/ui/keys/key_1',
  createdMs: 0,
  expiresMs: NOW_MS + 1,
  revokedMs: null,
  lastUsedMs: NOW_MS,
  models: [HOSTILE],
  addresses: [HOSTILE],
  scopes: ['use', 'admin'],
  tags: [HOSTILE],
  onHangUp: 'drain',
  usage: HUGE,
};

export const user: UserRow = {
  id: 'usr_1',
  name: HOSTILE,
  role: 'user',
  isActive: true,
  createdMs: 0,
  lastSignInMs: null,
  keys: 0,
  usage: HUGE,
};

export const event: UsageEvent = {
  id: 'req_1',
  timeMs: NOW_MS,
  requestId: HOSTILE,
  userId: 'usr_1',
  keyId: 'key_1',
  clientSessionId: HOSTILE,
  tags: [HOSTILE],
  endpoint: HOSTILE,
  provider: HOSTILE,
  modelAsked: HOSTILE,
  modelServed: HOSTILE,
  status: 502,
  outcome: 'error',
  streamed: true,
  usage: NO_USAGE,
  provenance: 'unknown',
  costNanoUsd: null,
  unpriced: true,
  heldNanoUsd: null,
  heldTokens: null,
  priceVersion: HOSTILE,
  firstByteMs: null,
  durationMs: 0,
  finishReason: HOSTILE,
  errorType: HOSTILE,
  errorMessage: HOSTILE,
  attempts: [
    {
      id: 'att_1',
      ordinal: 1,
      startedMs: NOW_MS + 2,
      provider: HOSTILE,
      credentialId: 'crd_1',
      model: HOSTILE,
      outcome: 'error',
      failure: 'rate_limit',
      status: 429,
      usage: NO_USAGE,
      provenance: 'unknown',
      costNanoUsd: null,
      firstByteMs: null,
      durationMs: 3,
      errorMessage: HOSTILE,
    },
  ],
};

export const bucket = { startMs: 0, label: HOSTILE, tick: HOSTILE, counters: HUGE };
export const series = [{ name: HOSTILE, values: [1, null, 9e15] }];
export const sorting = {
  by: 'name',
  down: false,
  href: (by: string, down: boolean) => `?sort=${by}&down=${down}`,
};
export const paging = { shown: HOSTILE, earlier: '?before=1', later: '?after=1' };
export const overview: OverviewModel = {
  scope: 'me',
  range: '7d',
  ranges: [{ id: '7d', label: '7 days', href: '?range=7d' }],
  bucketName: 'Day',
  now: HUGE,
  before: NO_COUNTERS,
  buckets: [bucket, { ...bucket, counters: NO_COUNTERS }, bucket],
  spendSeries: series,
  models: [{ name: HOSTILE, href: '/ui/requests', counters: HUGE }],
  owners: [{ name: HOSTILE, href: null, counters: NO_COUNTERS }],
  steps: [
    { title: HOSTILE, detail: HOSTILE, href: '/ui/keys', done: false },
    { title: HOSTILE, detail: HOSTILE, href: '/ui/keys', done: true },
  ],
};
export const state = { values: { name: HOSTILE, username: HOSTILE }, errors: { '': HOSTILE, name: HOSTILE } };
export const connect = { origin: 'http://127.0.0.1:8000', token: HOSTILE, model: HOSTILE };
