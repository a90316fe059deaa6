// Providers as the dashboard shows and changes them: the pool's health, the stored keys, a check that costs nothing.
import type { ProviderDesk } from '../console/pages/page-parts.ts';
import type { CredentialRow, ProviderCard, TestResultModel } from '../console/pages/providers-pages.tsx';
import { FAILURES } from '../console/pages/request-words.tsx';
import { appError } from '../errors/app-error.ts';
import { required } from '../lib/assert.ts';
import { systemClock } from '../lib/clock.ts';
import { maskSecret } from '../lib/redact-text.ts';
import type { CredentialDeps } from '../services/provider-credentials/add-credential.ts';
import {
  addProviderKey,
  removeProviderKey,
  setProviderKeyEnabled,
} from '../services/provider-credentials/manage-credentials.ts';
import { listProviderCredentials } from '../store/provider-credentials.ts';
import { checkCredential, type KeyCheck } from '../upstream/check-credential.ts';
import { credentialHealth } from '../upstream/describe-credential.ts';
import type { CredentialState } from '../upstream/pool/credential-state.ts';
import type { ProviderPool } from '../upstream/pool/provider-pool.ts';
import { PROVIDER_TABLE } from '../upstream/providers/table.ts';
import type { ComposedUpstream } from './compose-upstream.ts';

const TITLES: Readonly<Record<string, string>> = {
  openai: 'OpenAI',
  anthropic: 'Anthropic',
  gemini: 'Gemini',
  openrouter: 'OpenRouter',
  groq: 'Groq',
  mistral: 'Mistral',
  deepseek: 'DeepSeek',
  xai: 'xAI',
  together: 'Together',
  fireworks: 'Fireworks',
  nvidia_nim: 'NVIDIA NIM',
  cohere: 'Cohere',
  chutes: 'Chutes',
  cerebras: 'Cerebras',
  perplexity: 'Perplexity',
  ollama: 'Ollama',
  vllm: 'vLLM',
  azure: 'Azure OpenAI',
  demo: 'Demo models',
};
const SOURCES = {
  environment: 'environment',
  file: 'file',
  store: 'dashboard',
  demo: 'built in',
} as const;
const MODELS_NAMED = 3;

export interface ProviderDeskDeps {
  readonly credentials: CredentialDeps;
  readonly upstream: ComposedUpstream;
}

export function providerDesk(deps: ProviderDeskDeps): ProviderDesk {
  const { credentials, upstream } = deps;
  const states = () => upstream.pool.pools().flatMap((pool) => pool.states.map((state) => ({ pool, state })));
  const find = (id: string) => {
    const found = states().find(({ state }) => state.credential.id === id);
    if (!found) throw appError('object_not_found', { params: { what: 'Provider key' } });
    return found;
  };
  return {
    list: async () => upstream.pool.pools().map((pool) => card(pool, upstream)),
    choices: () => [
      ...PROVIDER_TABLE.filter((row) => row.baseUrl !== '').map(
        (row) => [row.name, titleOf(row.name)] as const,
      ),
      ['', 'Another one, by its address'],
    ],
    add: async (act, key) => {
      const knownProviders = upstream.pool.providers().map((spec) => spec.name);
      await addProviderKey(credentials, act, { ...key, priority: null, knownProviders });
      await upstream.reloadCredentials();
    },
    test: async (_act, id) => {
      const { pool, state } = find(id);
      return testResult(
        state.credential.label,
        await checkCredential(pool.spec, state.credential, systemClock),
      );
    },
    setEnabled: async (act, { credentialId, enabled }) => {
      const { label } = find(credentialId).state.credential;
      await setProviderKeyEnabled(credentials, act, { id: credentialId, label, enabled });
      await upstream.reloadCredentials();
    },
    remove: async (act, id) => {
      await removeProviderKey(credentials, act, id);
      await upstream.reloadCredentials();
    },
    names: async () => {
      const stored = await listProviderCredentials(credentials.store.read);
      return new Map([
        ...stored.map((row) => [row.id, row.label] as const),
        ...states().map(({ state }) => [state.credential.id, state.credential.label] as const),
      ]);
    },
  };
}

function titleOf(name: string): string {
  return TITLES[name] ?? name;
}

function card({ spec, states }: ProviderPool, { catalogue }: ComposedUpstream): ProviderCard {
  return {
    name: spec.name,
    title: titleOf(spec.name),
    baseUrl: spec.baseUrl,
    models: catalogue.list().filter((model) => model.provider === spec.name).length,
    isDemo: spec.name === 'demo',
    credentials: states.map(credentialRow),
  };
}

function credentialRow(state: CredentialState): CredentialRow {
  const nowMs = systemClock.monotonicMs();
  const { credential, tally } = state;
  const health = credentialHealth(state, nowMs);
  const used = [...state.scopes.values()].map((scope) => scope.lastUsedMs);
  const lastMs = used.length > 0 ? Math.max(...used) : null;
  const toWall = (ms: number) => systemClock.nowMs() + ms - nowMs;
  const named = health.models.slice(0, MODELS_NAMED).join(', ');
  const more = health.models.length > MODELS_NAMED ? ` and ${health.models.length - MODELS_NAMED} more` : '';
  const why = health.failure === null ? null : FAILURES[health.failure];
  return {
    id: credential.id,
    label: credential.label,
    hint: credential.source === 'demo' ? '' : maskSecret(credential.secret),
    source: SOURCES[credential.source],
    state: health.state,
    reason: why === null ? null : named === '' ? why : `${why}: ${named}${more}`,
    readyMs: health.waitMs === null ? null : toWall(nowMs + health.waitMs),
    inFlight: state.inFlight,
    requests: tally.requests,
    failures: tally.failures,
    lastUsedMs: lastMs === null ? null : toWall(lastMs),
  };
}

function testResult(label: string, check: KeyCheck): TestResultModel {
  const said = check.message === '' ? '' : ` It said: ${check.message}`;
  const status = check.status === null ? '' : ` with status ${check.status}`;
  const texts: Readonly<Record<KeyCheck['kind'], string>> = {
    works: 'The provider accepts the key. The question cost no tokens.',
    refused: `The provider refuses the key${status}.${said}`,
    unreachable: `The provider could not be asked (${FAILURES[check.failure ?? 'unknown']}).${said}`,
    not_offered: 'This provider has no question that costs nothing. Send a request to try the key.',
  };
  const text = required(texts[check.kind], 'the words for a check');
  return { label, ok: check.kind === 'works', text, tookMs: check.tookMs };
}
