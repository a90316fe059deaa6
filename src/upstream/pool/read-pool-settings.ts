// Reads one provider's pool settings out of the environment record, with the predecessor's names. Pure.
// Every wrong value is a problem that names the variable, what was given and what is allowed.
import type { Environment } from '../providers/discover.ts';
import type { ProviderSpec } from '../providers/provider-spec.ts';
import {
  type CustomCap,
  capName,
  defaultPoolSettings,
  type FairCycleSettings,
  type PoolSettings,
} from './pool-settings.ts';

export interface ReadPoolSettingsOptions {
  readonly env: Environment;
  readonly spec: ProviderSpec;
  /** ROTATION_TOLERANCE and EXHAUSTION_COOLDOWN_THRESHOLD, read by the config room. */
  readonly tolerance: number;
  readonly exhaustionMs: number;
  /** `rotation` of tollgate.yaml; a variable wins over it. */
  readonly rotation?: 'sequential' | 'balanced' | undefined;
  /** Problems are added here. */
  readonly problems: string[];
}

export function readPoolSettings(options: ReadPoolSettingsOptions): PoolSettings {
  const read = new VariableReader(options.env, options.spec, options.problems);
  const mode = read.word('ROTATION_MODE_', ['balanced', 'sequential']) ?? options.rotation ?? 'balanced';
  const base = defaultPoolSettings(mode);
  const suffix = mode === 'balanced' ? '_BALANCED' : '_SEQUENTIAL';
  const concurrency = (name: string, fallback: number) => {
    const given = read.integer(name, suffix) ?? read.integer(name, '');
    return given === null ? fallback : given <= 0 ? Number.POSITIVE_INFINITY : given;
  };
  return {
    mode,
    tolerance: options.tolerance,
    optimalConcurrent: concurrency('OPTIMAL_CONCURRENT_REQUESTS_PER_KEY_', base.optimalConcurrent),
    maxConcurrent: concurrency('MAX_CONCURRENT_REQUESTS_PER_KEY_', base.maxConcurrent),
    multipliers: readMultipliers(read, suffix),
    fallbackMultiplier: Math.max(1, read.integer('SEQUENTIAL_FALLBACK_MULTIPLIER_', '') ?? 1),
    groupOf: readGroups(read),
    fairCycle: readFairCycle(read, base.fairCycle),
    caps: readCaps(read),
    exhaustionMs: read.seconds('EXHAUSTION_COOLDOWN_THRESHOLD_') ?? options.exhaustionMs,
    priorities: readPriorities(read),
  };
}

/** Looks variables up under every spelling of the provider's name. */
class VariableReader {
  readonly #env: Environment;
  readonly #problems: string[];
  readonly names: readonly string[];

  constructor(env: Environment, spec: ProviderSpec, problems: string[]) {
    this.#env = env;
    this.#problems = problems;
    this.names = [spec.name, ...spec.aliases].map((name) => name.toUpperCase());
  }

  text(prefix: string, suffix = ''): { variable: string; value: string } | null {
    for (const name of this.names) {
      const variable = `${prefix}${name}${suffix}`;
      const value = this.#env[variable]?.trim() ?? '';
      if (value !== '') return { variable, value };
    }
    return null;
  }

  /** Every set variable that begins so, with what follows the provider's name. */
  family(prefix: string): { variable: string; rest: string; value: string }[] {
    return Object.entries(this.#env).flatMap(([variable, value]) => {
      const name = this.names.find((each) => variable.startsWith(`${prefix}${each}_`));
      if (name === undefined || value === undefined) return [];
      return [{ variable, rest: variable.slice(prefix.length + name.length + 1), value: value.trim() }];
    });
  }

  problem(variable: string, value: string, allowed: string): null {
    this.#problems.push(`${variable}: given ${JSON.stringify(value)}; allowed: ${allowed}`);
    return null;
  }

  word<const T extends string>(prefix: string, words: readonly T[]): T | null {
    const found = this.text(prefix);
    if (!found) return null;
    const match = words.find((each) => each === found.value.toLowerCase());
    return match ?? this.problem(found.variable, found.value, words.join(', '));
  }

  integer(prefix: string, suffix: string): number | null {
    const found = this.text(prefix, suffix);
    if (!found) return null;
    return /^-?\d{1,9}$/.test(found.value)
      ? Number(found.value)
      : this.problem(found.variable, found.value, 'a whole number');
  }

  seconds(prefix: string): number | null {
    const found = this.text(prefix);
    if (!found) return null;
    const value = Number(found.value);
    if (Number.isFinite(value) && value >= 0) return Math.round(value * 1_000);
    return this.problem(found.variable, found.value, 'a number of seconds, 0 or more');
  }

  fraction(prefix: string): number | null {
    const found = this.text(prefix);
    if (!found) return null;
    const value = Number(found.value);
    if (value > 0 && value <= 1) return value;
    return this.problem(found.variable, found.value, 'a fraction above 0, up to 1');
  }

  flag(prefix: string): boolean | null {
    const found = this.text(prefix);
    if (!found) return null;
    if (/^(1|true|yes|on)$/i.test(found.value)) return true;
    if (/^(0|false|no|off)$/i.test(found.value)) return false;
    return this.problem(found.variable, found.value, 'true or false');
  }
}

function readMultipliers(read: VariableReader, suffix: string): Map<number, number> {
  const multipliers = new Map<number, number>();
  const found = read.family('CONCURRENCY_MULTIPLIER_').sort((a, b) => a.rest.length - b.rest.length);
  for (const { variable, rest, value } of found) {
    const match = /^PRIORITY_(\d+)(_BALANCED|_SEQUENTIAL)?$/.exec(rest);
    if (!match || !/^[1-9]\d{0,5}$/.test(value))
      read.problem(variable, value, 'a whole number from 1, for PRIORITY_<N>');
    else if (match[2] === undefined || match[2] === suffix) multipliers.set(Number(match[1]), Number(value));
  }
  return multipliers;
}

function readGroups(read: VariableReader): Map<string, string> {
  const groupOf = new Map<string, string>();
  for (const { rest, value } of read.family('QUOTA_GROUPS_')) {
    for (const model of value.split(',')) {
      const plain = model.trim().replace(new RegExp(`^(${read.names.join('|')})/`, 'i'), '');
      if (plain !== '') groupOf.set(plain, rest.toLowerCase());
    }
  }
  return groupOf;
}

function readFairCycle(read: VariableReader, base: FairCycleSettings): FairCycleSettings {
  return {
    enabled: read.flag('FAIR_CYCLE_') ?? read.flag('FAIR_CYCLE_ENABLED_') ?? base.enabled,
    tracking: read.word('FAIR_CYCLE_TRACKING_MODE_', ['model_group', 'credential']) ?? base.tracking,
    crossTier: read.flag('FAIR_CYCLE_CROSS_TIER_') ?? base.crossTier,
    durationMs: read.seconds('FAIR_CYCLE_DURATION_') ?? base.durationMs,
    quotaThreshold: read.fraction('FAIR_CYCLE_QUOTA_THRESHOLD_') ?? base.quotaThreshold,
    resetCoolDownMs: read.seconds('FAIR_CYCLE_RESET_COOLDOWN_THRESHOLD_') ?? base.resetCoolDownMs,
  };
}

function readCaps(read: VariableReader): CustomCap[] {
  const coolDowns = new Map(read.family('CUSTOM_CAP_COOLDOWN_').map((each) => [each.rest, each]));
  return read.family('CUSTOM_CAP_').flatMap(({ variable, rest, value }) => {
    const match = /^T(DEFAULT|\d+(?:_\d+)*)_(.+)$/.exec(rest);
    if (!match?.[1] || !match[2] || !/^\d{1,9}$/.test(value)) {
      read.problem(variable, value, 'a whole number of requests, for T<TIERS>_<MODEL> or TDEFAULT_<MODEL>');
      return [];
    }
    const tiers = match[1] === 'DEFAULT' ? null : match[1].split('_').map(Number);
    const coolDown = readCapCoolDown(read, coolDowns.get(rest));
    return [{ tiers, name: capName(match[2]), requests: Number(value), coolDown }];
  });
}

function readCapCoolDown(
  read: VariableReader,
  given: { variable: string; value: string } | undefined,
): CustomCap['coolDown'] {
  if (!given || given.value === '' || given.value === 'quota_reset') return { kind: 'quota_reset' };
  const match = /^(offset|fixed):(\d{1,9})$/.exec(given.value);
  if (match) return { kind: match[1] as 'offset' | 'fixed', ms: Number(match[2]) * 1_000 };
  read.problem(given.variable, given.value, 'quota_reset, offset:<seconds> or fixed:<seconds>');
  return { kind: 'quota_reset' };
}

/** `PRIORITY_OPENAI_2` belongs to `OPENAI_API_KEY_2`, `PRIORITY_OPENAI` to `OPENAI_API_KEY`. */
function readPriorities(read: VariableReader): Map<string, number> {
  const priorities = new Map<string, number>();
  const add = (variable: string, value: string, suffix: string) => {
    if (!/^\d{1,6}$/.test(value)) read.problem(variable, value, 'a whole number; lower goes first');
    else for (const name of read.names) priorities.set(`${name}_API_KEY${suffix}`, Number(value));
  };
  for (const { variable, rest, value } of read.family('PRIORITY_')) add(variable, value, `_${rest}`);
  const plain = read.text('PRIORITY_');
  if (plain) add(plain.variable, plain.value, '');
  return priorities;
}
