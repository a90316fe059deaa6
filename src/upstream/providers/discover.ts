// Reads providers and their keys out of an environment record. Pure: the record is given, nothing is fetched or logged.
// Never repeats the predecessor's slips: empty keys, key files and PROXY_API_KEY* are no credentials (E25),
// and every key belongs to exactly one provider's URL (E29).
import { createHash } from 'node:crypto';
import { type Credential, PRIORITY_DEFAULT, type ProviderSpec } from './provider-spec.ts';
import { AZURE_DEPLOYMENT_ENDPOINTS, OPENAI_ENDPOINTS, PROVIDER_TABLE, providerRow } from './table.ts';

export type Environment = Readonly<Record<string, string | undefined>>;

export interface Discovery {
  /** Providers that can be called, in the table's order, custom ones after it by name. */
  readonly specs: readonly ProviderSpec[];
  readonly credentials: readonly Credential[];
  /** Sentences for the operator about settings that were left aside, and why. Never a secret. */
  readonly notices: readonly string[];
}

const KEY_PATTERN = /^([A-Z][A-Z0-9_]*?)_API_KEY(?:_(.+))?$/i;
const BASE_PATTERN = /^([A-Z][A-Z0-9_]*?)_API_BASE$/i;
/** Consumer logins of the predecessor that Tollgate does not carry over. */
const OAUTH_PATTERN =
  /^(GEMINI_CLI|ANTIGRAVITY|QWEN_CODE|IFLOW)_(?!API_(KEY|BASE))(.*_)?(OAUTH_\d+|ACCESS_TOKEN|REFRESH_TOKEN)$/;

interface Named {
  readonly variable: string;
  readonly value: string;
}

/** `fileBases` are base URLs of tollgate.yaml by canonical name: a key in the environment may belong to one. */
export function discoverProviders(
  env: Environment,
  fileBases: ReadonlyMap<string, string> = new Map(),
): Discovery {
  const notices: string[] = [];
  const bases = readBases(env, notices);
  const keys = readKeys(env, notices);
  for (const [name, value] of fileBases)
    if (keys.has(name) && !bases.has(name)) bases.set(name, { variable: 'tollgate.yaml', value });
  const specs: ProviderSpec[] = [];
  const credentials: Credential[] = [];
  for (const name of providerNames(keys, bases)) {
    const spec = specFor(name, bases.get(name)?.value ?? null, env);
    const found = keys.get(name) ?? [];
    const refusal = refuse({ name, spec, found, base: bases.get(name) ?? null });
    if (refusal || !spec) {
      if (refusal) notices.push(refusal);
      continue;
    }
    specs.push(found.length === 0 ? { ...spec, auth: 'none' } : spec);
    credentials.push(...(found.length === 0 ? [keylessCredential(spec.name)] : toCredentials(name, found)));
  }
  for (const variable of Object.keys(env).filter((each) => OAUTH_PATTERN.test(each) && env[each]))
    notices.push(`${variable} is left aside: logins of consumer tools are not carried over. Use an API key.`);
  return { specs, credentials, notices };
}

/** The table's name for any spelling of a provider: lower case, aliases resolved. */
export function canonicalProvider(name: string): string {
  const lower = name.toLowerCase();
  return NAME_OF_ALIAS.get(lower) ?? lower;
}

const NAME_OF_ALIAS: ReadonlyMap<string, string> = new Map(
  PROVIDER_TABLE.flatMap((row) => row.aliases.map((alias) => [alias, row.name] as const)),
);

/** Stable id of a key that has no row in the store: same provider and secret, same id. */
export function credentialId(provider: string, secret: string): string {
  return `crd_${createHash('sha256').update(`credential\0${provider}\0${secret}`).digest('hex').slice(0, 24)}`;
}

/** A provider that is not in the table: OpenAI-compatible at the given base URL. */
export function customProvider(name: string, baseUrl: string): ProviderSpec {
  // Whether its list of models is open to all is not known, so that it is no check of a key.
  return providerRow({
    name,
    baseUrl: trimSlash(baseUrl),
    endpoints: OPENAI_ENDPOINTS,
    keyCheck: null,
    custom: true,
  });
}

/** Null for http(s) URLs without credentials in them, else what is wrong (security fact B5). */
export function baseUrlProblem(text: string): string | null {
  if (!URL.canParse(text)) return 'is not a URL';
  const url = new URL(text);
  if (url.protocol !== 'https:' && url.protocol !== 'http:') return 'must start with https:// or http://';
  if (url.username !== '' || url.password !== '') return 'must not carry a user name or password';
  if (url.search !== '' || url.hash !== '') return 'must not carry a query or fragment';
  return null;
}

function readBases(env: Environment, notices: string[]): Map<string, Named> {
  const bases = new Map<string, Named>();
  for (const [variable, raw] of Object.entries(env)) {
    const name = BASE_PATTERN.exec(variable)?.[1];
    const value = raw?.trim() ?? '';
    if (!name || value === '') continue;
    const problem = baseUrlProblem(value);
    if (problem) notices.push(`${variable} is left aside: it ${problem}.`);
    else bases.set(canonicalProvider(name), { variable, value });
  }
  return bases;
}

function readKeys(env: Environment, notices: string[]): Map<string, Named[]> {
  const keys = new Map<string, Named[]>();
  for (const [variable, raw] of Object.entries(env)) {
    const match = KEY_PATTERN.exec(variable);
    const value = raw?.trim() ?? '';
    if (!match?.[1] || value === '' || match[1].toUpperCase() === 'PROXY') continue;
    if (/^file$/i.test(match[2] ?? '')) {
      notices.push(
        `${variable} is left aside: key files are not read. Put the key itself into the variable.`,
      );
      continue;
    }
    const name = canonicalProvider(match[1]);
    const list = keys.get(name) ?? [];
    if (!list.some((each) => each.value === value)) list.push({ variable, value });
    keys.set(name, list);
  }
  for (const list of keys.values())
    list.sort((a, b) => a.variable.localeCompare(b.variable, 'en', { numeric: true }));
  return keys;
}

function providerNames(keys: Map<string, Named[]>, bases: Map<string, Named>): string[] {
  const wanted = new Set([...keys.keys(), ...bases.keys()]);
  const known = PROVIDER_TABLE.map((row) => row.name);
  const custom = [...wanted].filter((name) => !known.includes(name)).sort();
  return [...known.filter((name) => wanted.has(name)), ...custom];
}

function specFor(name: string, base: string | null, env: Environment): ProviderSpec | null {
  const row = PROVIDER_TABLE.find((each) => each.name === name);
  if (!row) return base === null ? null : customProvider(name, base);
  if (base === null) return row.baseUrl === '' ? null : row;
  const spec = { ...row, baseUrl: plainBase(row, base) };
  const version = name === 'azure' ? (env.AZURE_API_VERSION?.trim() ?? '') : '';
  if (version === '') return spec;
  return { ...spec, endpoints: AZURE_DEPLOYMENT_ENDPOINTS, query: { 'api-version': version } };
}

/** Paths of these protocols begin with the version, so a base that already ends in it loses it. */
export function plainBase(row: ProviderSpec, base: string): string {
  const trimmed = trimSlash(base);
  if (row.protocol === 'openai' && row.name !== 'azure') return trimmed;
  return trimmed.replace(/\/(openai\/)?v1(beta)?$/, '').replace(/\/openai$/, '');
}

function refuse(options: {
  name: string;
  spec: ProviderSpec | null;
  found: readonly Named[];
  base: Named | null;
}): string | null {
  const { name, spec, found, base } = options;
  const upper = name.toUpperCase();
  if (spec === null) {
    const variables = found.map((each) => each.variable).join(', ');
    return `${variables} left aside: no provider is called '${name}'. Set ${upper}_API_BASE to make it one.`;
  }
  if (found.length > 0 || spec.keyless || spec.custom) return null;
  return `${base?.variable ?? name} is left aside: there is no ${upper}_API_KEY to use with it.`;
}

function toCredentials(provider: string, found: readonly Named[]): Credential[] {
  return found.map(({ variable, value }) => ({
    id: credentialId(provider, value),
    provider,
    secret: value,
    source: 'environment',
    label: variable,
    priority: PRIORITY_DEFAULT,
  }));
}

export function keylessCredential(
  provider: string,
  source: Credential['source'] = 'environment',
): Credential {
  return {
    id: credentialId(provider, ''),
    provider,
    secret: '',
    source,
    label: source === 'environment' ? `${provider.toUpperCase()}_API_BASE` : 'no key needed',
    priority: PRIORITY_DEFAULT,
  };
}

function trimSlash(url: string): string {
  return url.replace(/\/+$/, '');
}
