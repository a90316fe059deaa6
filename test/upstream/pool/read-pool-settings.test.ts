// Guarantee: the predecessor's names are read as it documented them, and a wrong value is named with what is allowed.
import { expect, test } from 'bun:test';
import { capFor } from '../../../src/upstream/pool/pool-settings.ts';
import { readPoolSettings } from '../../../src/upstream/pool/read-pool-settings.ts';
import type { Environment } from '../../../src/upstream/providers/discover.ts';
import { PROVIDER_TABLE } from '../../../src/upstream/providers/table.ts';

function read(env: Environment, name = 'openai') {
  const spec = PROVIDER_TABLE.find((each) => each.name === name);
  if (!spec) throw new Error(name);
  const problems: string[] = [];
  const settings = readPoolSettings({ env, spec, tolerance: 3, exhaustionMs: 300_000, problems });
  return { settings, problems };
}

test('defaults: balanced spreads and stacks, sequential is unlimited with the fair cycle on', () => {
  expect(read({}).settings).toMatchObject({
    mode: 'balanced',
    optimalConcurrent: 1,
    maxConcurrent: Number.POSITIVE_INFINITY,
  });
  expect(read({ ROTATION_MODE_OPENAI: 'Sequential' }).settings).toMatchObject({
    mode: 'sequential',
    optimalConcurrent: Number.POSITIVE_INFINITY,
    fairCycle: { enabled: true },
  });
});

test('every family', () => {
  const { settings, problems } = read({
    MAX_CONCURRENT_REQUESTS_PER_KEY_OPENAI: '4',
    MAX_CONCURRENT_REQUESTS_PER_KEY_OPENAI_BALANCED: '6',
    OPTIMAL_CONCURRENT_REQUESTS_PER_KEY_OPENAI: '0',
    CONCURRENCY_MULTIPLIER_OPENAI_PRIORITY_1: '5',
    CONCURRENCY_MULTIPLIER_OPENAI_PRIORITY_1_BALANCED: '7',
    CONCURRENCY_MULTIPLIER_OPENAI_PRIORITY_2_SEQUENTIAL: '9',
    QUOTA_GROUPS_OPENAI_BIG: 'gpt-5, openai/gpt-5-pro',
    FAIR_CYCLE_OPENAI: 'yes',
    FAIR_CYCLE_DURATION_OPENAI: '60',
    EXHAUSTION_COOLDOWN_THRESHOLD_OPENAI: '30',
    CUSTOM_CAP_OPENAI_T2_3_BIG: '100',
    CUSTOM_CAP_OPENAI_TDEFAULT_GPT_5: '5',
    CUSTOM_CAP_COOLDOWN_OPENAI_T2_3_BIG: 'offset:60',
    PRIORITY_OPENAI_2: '1',
    PRIORITY_OPENAI: '3',
  });
  expect(problems).toEqual([]);
  expect(settings).toMatchObject({
    maxConcurrent: 6,
    optimalConcurrent: Number.POSITIVE_INFINITY,
    exhaustionMs: 30_000,
  });
  expect(settings.multipliers).toEqual(new Map([[1, 7]]));
  expect(settings.groupOf.get('gpt-5-pro')).toBe('big');
  expect(settings.fairCycle).toMatchObject({ enabled: true, durationMs: 60_000 });
  expect(settings.priorities.get('OPENAI_API_KEY_2')).toBe(1);
  expect(settings.priorities.get('OPENAI_API_KEY')).toBe(3);
  const own = capFor(settings, { priority: 3, model: 'gpt-5', group: 'big' });
  expect(own).toMatchObject({ requests: 100, coolDown: { kind: 'offset', ms: 60_000 } });
  expect(capFor(settings, { priority: 999, model: 'gpt-5', group: 'big' })?.requests).toBe(5);
  expect(capFor(settings, { priority: 999, model: 'gpt-4', group: null })).toBeNull();
});

test('LiteLLM’s spelling of the provider works in every family', () => {
  expect(read({ ROTATION_MODE_TOGETHER_AI: 'sequential' }, 'together').settings.mode).toBe('sequential');
});

test('wrong values name the variable, what was given and what is allowed', () => {
  const { problems } = read({
    ROTATION_MODE_OPENAI: 'random',
    MAX_CONCURRENT_REQUESTS_PER_KEY_OPENAI: 'many',
    FAIR_CYCLE_OPENAI: 'maybe',
    CUSTOM_CAP_OPENAI_T1_GPT: '80%',
    PRIORITY_OPENAI_1: 'high',
    FAIR_CYCLE_QUOTA_THRESHOLD_OPENAI: '2',
  });
  expect(problems).toHaveLength(6);
  expect(problems[0]).toBe('ROTATION_MODE_OPENAI: given "random"; allowed: balanced, sequential');
  for (const problem of problems) expect(problem).toMatch(/^[A-Z_0-9]+: given ".+"; allowed: .+/);
});
