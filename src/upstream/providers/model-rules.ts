// What the operator said about a provider's models: which exist, which are hidden, which have another id upstream.
import type { ModelFilter } from '../../core/routing/model-filter.ts';
import { asObject, asString, type JsonObject, parseJson } from '../../lib/json.ts';
import type { Environment } from './discover.ts';
import type { ProviderSpec } from './provider-spec.ts';

/** A model under a name of the operator's own. */
export interface MappedModel {
  /** What the provider calls it. */
  readonly id: string;
  /** Fields added to requests that lack them; `reasoning_effort` replaces the caller's (predecessor (b)). */
  readonly options: JsonObject;
}

export interface ModelRules {
  readonly filter: ModelFilter;
  /** Names that are listed whatever the provider lists. */
  readonly listed: readonly string[];
  readonly mapped: ReadonlyMap<string, MappedModel>;
}

export function readModelRules(options: {
  readonly env: Environment;
  readonly spec: ProviderSpec;
  /** `models` of tollgate.yaml. */
  readonly listed: readonly string[];
  readonly problems: string[];
}): ModelRules {
  const { env, spec, problems } = options;
  const names = [spec.name, ...spec.aliases].map((name) => name.toUpperCase());
  const globs = (prefix: string) =>
    names
      .flatMap((name) => (env[`${prefix}${name}`] ?? '').split(','))
      .map((each) => each.trim())
      .filter(Boolean);
  const mapped = new Map<string, MappedModel>();
  const listed = [...options.listed];
  for (const name of names) {
    const text = env[`${name}_MODELS`]?.trim() ?? '';
    if (text !== '') readModels(`${name}_MODELS`, text, { listed, mapped, problems });
  }
  return {
    filter: { ignore: globs('IGNORE_MODELS_'), whitelist: globs('WHITELIST_MODELS_') },
    listed: [...new Set([...listed, ...mapped.keys()])],
    mapped,
  };
}

function readModels(
  variable: string,
  text: string,
  into: { listed: string[]; mapped: Map<string, MappedModel>; problems: string[] },
): void {
  const value = parseJson(text);
  const wrong = () =>
    into.problems.push(
      `${variable}: given ${JSON.stringify(text.slice(0, 80))}; allowed: a JSON list of names, or an object of name to {"id", "options"}`,
    );
  if (Array.isArray(value)) {
    if (value.every((each) => typeof each === 'string' && each !== ''))
      into.listed.push(...(value as string[]));
    else wrong();
    return;
  }
  const object = asObject(value);
  if (!object) return void wrong();
  for (const [name, entry] of Object.entries(object)) {
    const fields = asObject(entry);
    if (!fields) return void wrong();
    into.mapped.set(name, { id: asString(fields.id) ?? name, options: asObject(fields.options) ?? {} });
  }
}
