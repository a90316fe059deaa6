// Puts together what the environment, tollgate.yaml and the store say about providers. Pure; the one description
// of the effective provider table that `serve`, `config check` and `doctor` share.
import type { TollgateYaml } from '../../config/yaml-schema.ts';
import { maskSecret } from '../../lib/redact-text.ts';
import type { AddressGuard } from '../address-guard.ts';
import type { PoolSettings } from '../pool/pool-settings.ts';
import { readPoolSettings } from '../pool/read-pool-settings.ts';
import {
  baseUrlProblem,
  canonicalProvider,
  credentialId,
  customProvider,
  discoverProviders,
  type Environment,
  keylessCredential,
  plainBase,
} from './discover.ts';
import { type ModelRules, readModelRules } from './model-rules.ts';
import { type Credential, PRIORITY_DEFAULT, type ProviderSpec } from './provider-spec.ts';
import { AZURE_DEPLOYMENT_ENDPOINTS, PROVIDER_TABLE, protocolEndpoints } from './table.ts';

/** A credential out of the store, opened. */
export interface StoredCredential {
  readonly id: string;
  readonly provider: string;
  readonly secret: string;
  readonly label: string;
  readonly priority: number | null;
  /** Only for providers that are neither in the table nor configured otherwise. */
  readonly baseUrl: string | null;
}

export interface ProviderSources {
  readonly env: Environment;
  readonly file: TollgateYaml['providers'];
  readonly stored: readonly StoredCredential[];
  /** Credentials that were switched off, whatever their source. */
  readonly disabled: ReadonlySet<string>;
  /** Watches over the addresses that came with stored credentials. */
  readonly guard: AddressGuard;
  readonly tolerance: number;
  readonly exhaustionMs: number;
  /** Every call by the runtime's fetch (UPSTREAM_CLIENT). */
  readonly byFetch: boolean;
}

export interface ProviderSet {
  readonly specs: readonly ProviderSpec[];
  readonly credentials: readonly Credential[];
  readonly disabled: ReadonlySet<string>;
  readonly settings: ReadonlyMap<string, PoolSettings>;
  readonly rules: ReadonlyMap<string, ModelRules>;
  readonly notices: readonly string[];
  /** Wrong settings; a server does not start with any. */
  readonly problems: readonly string[];
}

type FileProvider = TollgateYaml['providers'][string];

export function assembleProviders(sources: ProviderSources): ProviderSet {
  const found = discoverProviders(sources.env, fileBases(sources.file));
  const specs = new Map(found.specs.map((spec) => [spec.name, spec]));
  const credentials = [...found.credentials];
  const notices = [...found.notices];
  const problems: string[] = [];
  for (const [name, entry] of Object.entries(sources.file)) {
    const canonical = canonicalProvider(name);
    const envBase = sources.env[`${canonical.toUpperCase()}_API_BASE`]?.trim() ?? '';
    // A variable wins over the file.
    const laid = envBase === '' ? entry : { ...entry, base_url: envBase };
    const spec = specFromFile(canonical, laid, specs.get(canonical) ?? null);
    if (typeof spec === 'string') problems.push(`tollgate.yaml: providers.${name}: ${spec}`);
    else addFromFile({ spec, entry, specs, credentials, notices });
  }
  for (const stored of sources.stored)
    addStored(stored, { specs, credentials, notices, guard: sources.guard });
  const settings = new Map<string, PoolSettings>();
  const rules = new Map<string, ModelRules>();
  for (const spec of specs.values()) {
    const entry = sources.file[spec.name];
    const { env, tolerance, exhaustionMs } = sources;
    settings.set(
      spec.name,
      readPoolSettings({ env, spec, tolerance, exhaustionMs, rotation: entry?.rotation, problems }),
    );
    rules.set(spec.name, readModelRules({ env, spec, listed: entry?.models ?? [], problems }));
  }
  return {
    specs:
      sources.byFetch || namesProxy(sources.env)
        ? [...specs.values()].map((spec) => ({ ...spec, viaFetch: true }))
        : [...specs.values()],
    credentials,
    disabled: sources.disabled,
    settings,
    rules,
    notices,
    problems,
  };
}

/** The runtime's fetch takes its proxies from here; a connection of our own would go round them. */
const PROXIES = ['HTTP_PROXY', 'http_proxy', 'HTTPS_PROXY', 'https_proxy'] as const;

function namesProxy(env: Environment): boolean {
  return PROXIES.some((name) => Boolean(env[name]?.trim()));
}

/** One line per provider and credential, secrets masked, for `config check` and `doctor`. */
export function describeProviders(set: ProviderSet): string[] {
  return set.specs.flatMap((spec) => {
    const mode = set.settings.get(spec.name)?.mode ?? 'balanced';
    const head = `${spec.name}: ${spec.protocol}, ${spec.baseUrl}, ${mode}${spec.custom ? ', custom' : ''}`;
    const lines = set.credentials
      .filter((each) => each.provider === spec.name)
      .map((each) => {
        const off = set.disabled.has(each.id) ? ', disabled' : '';
        return `  ${each.id}  ${each.label}  ${maskSecret(each.secret)}  (${each.source}${off})`;
      });
    return [head, ...lines];
  });
}

/** The provider that `tollgate.yaml` describes, laid over the table's row or the environment's; a sentence when it cannot be. */
function specFromFile(name: string, entry: FileProvider, known: ProviderSpec | null): ProviderSpec | string {
  const row = known ?? PROVIDER_TABLE.find((each) => each.name === name) ?? null;
  const given = entry.base_url;
  if (given !== undefined) {
    const problem = baseUrlProblem(given);
    if (problem) return `base_url: given ${JSON.stringify(given)}; it ${problem}`;
  }
  if (!row && given === undefined)
    return 'base_url: given nothing; allowed: the URL of a provider that Tollgate does not know';
  if (row?.baseUrl === '' && given === undefined)
    return `base_url: given nothing; '${name}' has no URL of its own`;
  const base = row ?? customProvider(name, given ?? '');
  const protocol = entry.protocol ?? base.protocol;
  const shaped = protocol === base.protocol ? base : { ...base, protocol, ...protocolEndpoints(protocol) };
  const spec: ProviderSpec = {
    ...shaped,
    baseUrl: given === undefined ? base.baseUrl : plainBase(shaped, given),
    headers: { ...shaped.headers, ...lowerCased(entry.headers ?? {}) },
    includeUsage: entry.include_usage ?? shaped.includeUsage,
  };
  if (name !== 'azure' || entry.api_version === undefined) return spec;
  return { ...spec, endpoints: AZURE_DEPLOYMENT_ENDPOINTS, query: { 'api-version': entry.api_version } };
}

function addFromFile(of: {
  spec: ProviderSpec;
  entry: FileProvider;
  specs: Map<string, ProviderSpec>;
  credentials: Credential[];
  notices: string[];
}): void {
  const { spec, entry, specs, credentials, notices } = of;
  const keys = entry.api_keys ?? [];
  keys.forEach((secret, index) => {
    const id = credentialId(spec.name, secret);
    if (credentials.some((each) => each.id === id)) return;
    const label = `tollgate.yaml providers.${spec.name}.api_keys[${index}]`;
    credentials.push({ id, provider: spec.name, secret, source: 'file', label, priority: PRIORITY_DEFAULT });
  });
  const hasKey = credentials.some((each) => each.provider === spec.name && each.secret !== '');
  if (hasKey) {
    specs.set(spec.name, spec.auth === 'none' ? { ...spec, auth: 'bearer' } : spec);
    return;
  }
  if (!spec.keyless && !spec.custom) {
    notices.push(
      `providers.${spec.name} in tollgate.yaml has no key: set ${spec.name.toUpperCase()}_API_KEY.`,
    );
    // Kept without a credential, so that one added in the dashboard finds this description.
    if (!specs.has(spec.name)) specs.set(spec.name, spec);
    return;
  }
  if (!credentials.some((each) => each.provider === spec.name))
    credentials.push(keylessCredential(spec.name, 'file'));
  specs.set(spec.name, { ...spec, auth: 'none' });
}

function addStored(
  stored: StoredCredential,
  into: {
    specs: Map<string, ProviderSpec>;
    credentials: Credential[];
    notices: string[];
    guard: AddressGuard;
  },
): void {
  const name = canonicalProvider(stored.provider);
  const row = into.specs.get(name) ?? PROVIDER_TABLE.find((each) => each.name === name) ?? null;
  const base = stored.baseUrl ?? '';
  const spec =
    base === ''
      ? row
      : {
          ...(row ? { ...row, baseUrl: plainBase(row, base) } : customProvider(name, base)),
          guard: into.guard,
        };
  if (!spec || spec.baseUrl === '') {
    into.notices.push(`The stored key '${stored.label}' is left aside: no URL is known for '${name}'.`);
    return;
  }
  if (!into.specs.has(name)) into.specs.set(name, spec);
  into.credentials.push({
    id: stored.id,
    provider: name,
    secret: stored.secret,
    source: 'store',
    label: stored.label,
    priority: stored.priority ?? PRIORITY_DEFAULT,
  });
}

function fileBases(file: ProviderSources['file']): Map<string, string> {
  const bases = new Map<string, string>();
  for (const [name, entry] of Object.entries(file))
    if (entry.base_url !== undefined && baseUrlProblem(entry.base_url) === null)
      bases.set(canonicalProvider(name), entry.base_url);
  return bases;
}

function lowerCased(headers: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value]));
}
