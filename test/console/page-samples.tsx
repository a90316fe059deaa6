// One sample of every page, filled with awkward data: long names, hostile text, zero and huge numbers, nothing at all.

import { AccountPage } from '../../src/console/pages/account-page.tsx';
import { AuditPage } from '../../src/console/pages/audit-page.tsx';
import { ConnectPage } from '../../src/console/pages/connect-page.tsx';
import { ErrorPage, ForgottenPage, SetupPage, SignInPage } from '../../src/console/pages/gate-pages.tsx';
import { KeyMadePage } from '../../src/console/pages/key-made-page.tsx';
import { KeyPage, KeysPage, NewKeyPage } from '../../src/console/pages/keys-pages.tsx';
import { LimitPage, LimitsPage, MyLimitsPage, NewLimitPage } from '../../src/console/pages/limits-pages.tsx';
import { type LimitRow, UserLimits } from '../../src/console/pages/limits-table.tsx';
import { LivePage } from '../../src/console/pages/live-page.tsx';
import { ModelsPage } from '../../src/console/pages/models-page.tsx';
import { OverviewPage } from '../../src/console/pages/overview-page.tsx';
import {
  NewCredentialPage,
  ProvidersPage,
  TestResultPage,
} from '../../src/console/pages/providers-pages.tsx';
import { RequestPage } from '../../src/console/pages/request-page.tsx';
import { RequestsPage } from '../../src/console/pages/requests-page.tsx';
import { SettingsPage } from '../../src/console/pages/settings-page.tsx';
import { NO_COUNTERS } from '../../src/console/pages/usage-model.ts';
import { UsagePage } from '../../src/console/pages/usage-page.tsx';
import { NewUserPage, PasswordOncePage, UserPage, UsersPage } from '../../src/console/pages/users-pages.tsx';
import { ConfirmPage } from '../../src/console/views/confirm.tsx';
import { sampleLimit } from '../support/samples.ts';

import {
  connect,
  event,
  HOSTILE,
  HUGE,
  key,
  NOW_MS,
  overview,
  paging,
  sampleFrame,
  series,
  sorting,
  state,
  user,
} from './sample-data.ts';

const limitSamples: readonly LimitRow[] = [
  sampleLimit({
    kind: 'budget_money',
    period: 'month',
    amount: 1,
    raisedAmount: 9e15,
    raisedUntilMs: 253_402_300_799_999,
  }),
  sampleLimit({ id: 'lim_yaml_requests_per_minute', scope: 'house', scopeId: null, amount: 0 }),
].map((limit) => ({
  state: {
    limit,
    amount: limit.raisedAmount ?? limit.amount,
    used: 8e15,
    reserved: 1,
    remaining: 0,
    resetsMs: null,
  },
  owner: limit.scope === 'house' ? null : HOSTILE,
  href: '/ui/admin/limits/lim_1',
  showsUse: limit.scope !== 'house',
}));

/** Pages by name, each as a function, so that one that fails is named. */
export const SAMPLES: Readonly<Record<string, () => unknown>> = {
  setup: () => <SetupPage frame={sampleFrame('/ui/setup')} model={{ state, token: HOSTILE }} />,
  'sign-in': () => <SignInPage frame={sampleFrame('/ui/sign-in')} model={{ state, next: HOSTILE }} />,
  forgotten: () => <ForgottenPage frame={sampleFrame('/ui/forgotten')} />,
  error: () => (
    <ErrorPage
      frame={sampleFrame('/ui')}
      model={{ title: HOSTILE, text: HOSTILE, requestId: HOSTILE, back: '/ui' }}
    />
  ),
  overview: () => <OverviewPage frame={sampleFrame('/ui')} model={overview} />,
  'overview without use': () => (
    <OverviewPage frame={sampleFrame('/ui')} model={{ ...overview, now: NO_COUNTERS, before: null }} />
  ),
  keys: () => (
    <KeysPage frame={sampleFrame('/ui/keys')} model={{ scope: 'house', keys: [key], paging, filter: null }} />
  ),
  'keys, none': () => (
    <KeysPage frame={sampleFrame('/ui/keys')} model={{ scope: 'me', keys: [], paging: null, filter: null }} />
  ),
  'new key': () => (
    <NewKeyPage
      frame={sampleFrame('/ui/keys/new')}
      model={{ state, owners: [['usr_1', HOSTILE]], mayAdmin: true }}
    />
  ),
  'key made': () => (
    <KeyMadePage
      frame={sampleFrame('/ui/keys')}
      model={{ connect, name: HOSTILE, isRotation: true, oldEndsMs: NOW_MS }}
    />
  ),
  key: () => (
    <KeyPage frame={sampleFrame('/ui/keys/key_1')} model={{ row: key, usageHref: '/ui/requests' }} />
  ),
  connect: () => (
    <ConnectPage
      frame={sampleFrame('/ui/connect')}
      model={{ connect, client: 'opencode', models: [HOSTILE], hasKey: false }}
    />
  ),
  requests: () => (
    <RequestsPage
      frame={sampleFrame('/ui/requests')}
      model={{
        scope: 'house',
        base: '/ui/requests',
        paging,
        filters: { q: HOSTILE, model: '', key: '', user: '', outcome: '', since: HOSTILE, until: '' },
        choices: { models: [HOSTILE], keys: [['key_1', HOSTILE]], users: [['usr_1', HOSTILE]] },
        rows: [
          {
            id: 'req_1',
            timeMs: NOW_MS,
            userName: HOSTILE,
            keyName: HOSTILE,
            model: HOSTILE,
            status: 502,
            outcome: 'error',
            provenance: 'unknown',
            promptTokens: null,
            completionTokens: null,
            costNanoUsd: null,
            unpriced: true,
            durationMs: 1,
            attempts: 2,
          },
        ],
      }}
    />
  ),
  request: () => (
    <RequestPage
      frame={sampleFrame('/ui/requests/req_1')}
      model={{
        event,
        userName: HOSTILE,
        keyName: HOSTILE,
        credentialNames: new Map([['crd_1', HOSTILE]]),
        lines: [{ kind: HOSTILE, tokens: null, costNanoUsd: null }],
        back: '/ui/requests',
      }}
    />
  ),
  account: () => (
    <AccountPage
      frame={sampleFrame('/ui/account')}
      model={{
        state,
        createdMs: 0,
        zones: [HOSTILE],
        sessions: [
          { id: 'ses_1', createdMs: 0, lastSeenMs: 0, address: HOSTILE, userAgent: HOSTILE, isThis: false },
        ],
      }}
    />
  ),
  users: () => (
    <UsersPage
      frame={sampleFrame('/ui/admin/users')}
      model={{ users: [user], sorting, paging, search: HOSTILE }}
    />
  ),
  'new user': () => <NewUserPage frame={sampleFrame('/ui/admin/users/new')} state={state} />,
  password: () => (
    <PasswordOncePage
      frame={sampleFrame('/ui/admin/users')}
      name={HOSTILE}
      password={HOSTILE}
      href="/ui/admin/users"
      isReset
    />
  ),
  user: () => (
    <UserPage
      frame={sampleFrame('/ui/admin/users/usr_1')}
      model={{
        user,
        mayChange: true,
        whyNot: HOSTILE,
        keysPanel: null,
        limitsPanel: (
          <UserLimits frame={sampleFrame('/ui/admin/users/usr_1')} userId="usr_1" rows={limitSamples} />
        ),
        now: HUGE,
        before: HUGE,
      }}
    />
  ),
  limits: () => <LimitsPage frame={sampleFrame('/ui/admin/limits')} rows={limitSamples} shown={HOSTILE} />,
  'my limits': () => <MyLimitsPage frame={sampleFrame('/ui/limits')} rows={limitSamples} />,
  'new limit': () => (
    <NewLimitPage
      frame={sampleFrame('/ui/admin/limits/new')}
      model={{ owners: [[HOSTILE, HOSTILE]], cancel: '/ui/admin/limits' }}
      state={state}
    />
  ),
  limit: () =>
    limitSamples
      .slice(0, 1)
      .map((row) => (
        <LimitPage
          frame={sampleFrame('/ui/admin/limits/lim_1')}
          model={{ row, limit: row.state.limit, owner: HOSTILE, change: state, raise: state }}
        />
      ))[0],
  providers: () => (
    <ProvidersPage
      frame={sampleFrame('/ui/admin/providers')}
      model={{
        providers: [
          {
            name: 'x',
            title: HOSTILE,
            baseUrl: HOSTILE,
            models: 0,
            isDemo: true,
            credentials: (['ready', 'cooling', 'quarantined', 'disabled'] as const).map((each) => ({
              id: `crd_${each}`,
              label: HOSTILE,
              hint: HOSTILE,
              source: 'dashboard',
              state: each,
              reason: HOSTILE,
              readyMs: NOW_MS + 9000,
              inFlight: 0,
              requests: 0,
              failures: 0,
              lastUsedMs: null,
            })),
          },
        ],
      }}
    />
  ),
  'new credential': () => (
    <NewCredentialPage
      frame={sampleFrame('/ui/admin/providers/new')}
      model={{ state, providers: [[HOSTILE, HOSTILE]] }}
    />
  ),
  'credential test': () => (
    <TestResultPage
      frame={sampleFrame('/ui/admin/providers')}
      model={{ label: HOSTILE, ok: false, text: HOSTILE, tookMs: 3 }}
    />
  ),
  models: () => (
    <ModelsPage
      frame={sampleFrame('/ui/admin/models')}
      model={{
        models: [
          {
            id: HOSTILE,
            provider: HOSTILE,
            inputUsd: null,
            outputUsd: 0,
            cachedUsd: 9e9,
            contextTokens: 9e9,
            isOverridden: true,
            requests: 0,
          },
        ],
        aliases: [{ name: HOSTILE, targets: [HOSTILE] }],
        fallbacks: [],
        search: HOSTILE,
        sorting,
        paging,
      }}
    />
  ),
  usage: () => (
    <UsagePage
      frame={sampleFrame('/ui/usage')}
      model={{
        scope: 'house',
        base: '/ui/admin/usage',
        query: {
          measure: 'cost',
          by: HOSTILE,
          and: HOSTILE,
          bucket: 'day',
          since: HOSTILE,
          until: '',
          only: HOSTILE,
          compare: true,
        },
        dimensions: [[HOSTILE, HOSTILE]],
        choices: [{ label: HOSTILE, options: [[HOSTILE, HOSTILE]] }],
        tableNote: HOSTILE,
        now: HUGE,
        before: HUGE,
        series,
        starts: [0, 1, 2],
        labels: [HOSTILE, 'b', 'c'],
        ticks: [HOSTILE, 'b', 'c'],
        bucketName: 'Day',
        rows: [{ first: HOSTILE, second: HOSTILE, counters: HUGE }],
        sorting,
        paging,
        csvHref: '/ui/usage.csv',
      }}
    />
  ),
  live: () => (
    <LivePage
      frame={sampleFrame('/ui/admin/live')}
      model={{
        total: 2,
        rows: [
          {
            id: 'req_1',
            who: HOSTILE,
            keyName: HOSTILE,
            model: HOSTILE,
            endpoint: HOSTILE,
            startedMs: NOW_MS,
            streamed: true,
            phase: HOSTILE,
          },
        ],
      }}
    />
  ),
  audit: () => (
    <AuditPage
      frame={sampleFrame('/ui/admin/audit')}
      model={{
        rows: [
          {
            id: 'aud_1',
            timeMs: 0,
            actor: HOSTILE,
            action: HOSTILE,
            target: HOSTILE,
            detail: HOSTILE,
            address: HOSTILE,
          },
        ],
        actions: [HOSTILE],
        action: '',
        paging,
      }}
    />
  ),
  settings: () => (
    <SettingsPage
      frame={sampleFrame('/ui/admin/settings')}
      model={{
        checks: [{ name: HOSTILE, level: 'fail', text: HOSTILE }],
        settings: [{ name: HOSTILE, value: HOSTILE }],
        prune: { state, job: { phase: 'running', retentionDays: 30, deleted: 9 } },
      }}
    />
  ),
  confirm: () => (
    <ConfirmPage
      frame={sampleFrame('/ui/keys/key_1/revoke')}
      model={{
        title: HOSTILE,
        consequences: [HOSTILE],
        action: '/ui/keys',
        button: HOSTILE,
        cancel: '/ui/keys',
      }}
    />
  ),
};
