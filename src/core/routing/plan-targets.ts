// From the name a caller asked for to the places that may serve it, in order. Pure: tables and lists are given.
// Never follows a fallback of a fallback, so that no configuration can make a cycle.
import { matchesShell } from './model-filter.ts';

/** Places tried for one request, the first included. */
export const TARGETS_MAX = 16;

export interface TargetName {
  readonly provider: string;
  /** As the provider is known to the caller: the part after `provider/`. */
  readonly model: string;
}

export interface RoutingTable {
  /** Short name, or a glob, to `provider/model`. */
  readonly aliases: ReadonlyMap<string, string>;
  /** Name asked for, or a glob, to further names. */
  readonly fallbacks: ReadonlyMap<string, readonly string[]>;
}

export const NO_ROUTES: RoutingTable = { aliases: new Map(), fallbacks: new Map() };

export interface RoutingFacts {
  /** The canonical provider name, or null when nobody is called so. */
  readonly providerOf: (name: string) => string | null;
  /** Canonical names of all providers that can be called, in order. */
  readonly providers: readonly string[];
  /** Whether the provider is known to list the model. */
  readonly lists: (provider: string, model: string) => boolean;
}

/** Makers whose model names are unmistakable, so that programs which know only those names work unconfigured. */
const MAKERS: readonly (readonly [prefix: RegExp, provider: string])[] = [
  [/^claude-/i, 'anthropic'],
  [/^(gpt-|chatgpt-|o[1-9](-|$)|text-embedding-[3a])/i, 'openai'],
  [/^gemini-/i, 'gemini'],
  [/^grok-/i, 'xai'],
  [/^deepseek-/i, 'deepseek'],
  [/^(mistral|codestral|ministral|magistral|devstral)-/i, 'mistral'],
];

/** Empty when the name leads nowhere; fallbacks that lead nowhere are left out. */
export function planTargetNames(asked: string, table: RoutingTable, facts: RoutingFacts): TargetName[] {
  const first = resolveName(asked, table, facts);
  if (!first) return [];
  const further =
    lookUp(table.fallbacks, asked) ?? lookUp(table.fallbacks, `${first.provider}/${first.model}`) ?? [];
  const targets = [first];
  for (const name of further) {
    const target = resolveName(name, table, facts);
    const known =
      target && targets.some((each) => each.provider === target.provider && each.model === target.model);
    if (target && !known && targets.length < TARGETS_MAX) targets.push(target);
  }
  return targets;
}

/** Alias, then `provider/model`, then a bare name that one provider is known for or lists. */
export function resolveName(asked: string, table: RoutingTable, facts: RoutingFacts): TargetName | null {
  const name = lookUp(table.aliases, asked) ?? asked;
  const slash = name.indexOf('/');
  const provider = slash > 0 ? facts.providerOf(name.slice(0, slash)) : null;
  if (provider !== null) return slash + 1 < name.length ? { provider, model: name.slice(slash + 1) } : null;
  if (name === '') return null;
  const listing = facts.providers.find((each) => facts.lists(each, name));
  const maker = MAKERS.find(([prefix]) => prefix.test(name))?.[1];
  const bare = (maker && facts.providers.includes(maker) ? maker : undefined) ?? listing;
  return bare === undefined ? null : { provider: bare, model: name };
}

/** The exact name before any glob; globs in the order of the file. */
function lookUp<T>(map: ReadonlyMap<string, T>, name: string): T | undefined {
  if (map.size === 0) return undefined;
  const exact = map.get(name);
  if (exact !== undefined) return exact;
  for (const [pattern, value] of map) if (/[*?[]/.test(pattern) && matchesShell(pattern, name)) return value;
  return undefined;
}
