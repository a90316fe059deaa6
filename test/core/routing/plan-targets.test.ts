// Guarantee: a name leads to the same targets every time, never in a circle, and never to a hidden model.
import { describe, expect, test } from 'bun:test';
import { allowsByFilter, matchesShell } from '../../../src/core/routing/model-filter.ts';
import {
  planTargetNames,
  type RoutingFacts,
  type RoutingTable,
  TARGETS_MAX,
} from '../../../src/core/routing/plan-targets.ts';

const facts: RoutingFacts = {
  providerOf: (name) =>
    ['openai', 'anthropic', 'groq'].includes(name) ? name : name === 'open_ai' ? 'openai' : null,
  providers: ['openai', 'anthropic', 'groq'],
  lists: (provider, model) => provider === 'groq' && model === 'llama-4',
};

function plan(asked: string, table: Partial<RoutingTable> = {}, more: Partial<RoutingFacts> = {}): string[] {
  const routes = { aliases: new Map(), fallbacks: new Map(), ...table };
  return planTargetNames(asked, routes, { ...facts, ...more }).map(
    (each) => `${each.provider}/${each.model}`,
  );
}

describe('planTargetNames', () => {
  test('provider/model, with slashes left in the model and other spellings of the provider', () => {
    expect(plan('openai/gpt-5')).toEqual(['openai/gpt-5']);
    expect(plan('groq/meta/llama-4')).toEqual(['groq/meta/llama-4']);
    expect(plan('open_ai/gpt-5')).toEqual(['openai/gpt-5']);
    expect(plan('openai/')).toEqual([]);
    expect(plan('')).toEqual([]);
  });

  test('aliases, exact before glob', () => {
    const aliases = new Map([
      ['fast*', 'openai/gpt-5-mini'],
      ['fast', 'groq/llama-4'],
    ]);
    expect(plan('fast', { aliases })).toEqual(['groq/llama-4']);
    expect(plan('fastest', { aliases })).toEqual(['openai/gpt-5-mini']);
  });

  test('bare names go to their maker or to who lists them, never to a guess', () => {
    expect(plan('claude-opus-5-5')).toEqual(['anthropic/claude-opus-5-5']);
    expect(plan('llama-4')).toEqual(['groq/llama-4']);
    expect(plan('nobody-knows')).toEqual([]);
    expect(plan('nobody-knows', {}, { providers: ['groq'] })).toEqual([]);
    expect(plan('gpt', {}, { providers: ['openai'] })).toEqual([]);
    expect(plan('unknown/nobody-knows')).toEqual([]);
  });

  test('fallbacks in order, without doubles, circles or dead ends', () => {
    const fallbacks = new Map([
      ['openai/gpt-5', ['anthropic/claude', 'nowhere/x', 'openai/gpt-5', 'anthropic/claude', 'llama-4']],
      ['anthropic/claude', ['openai/gpt-5']],
    ]);
    expect(plan('openai/gpt-5', { fallbacks })).toEqual(['openai/gpt-5', 'anthropic/claude', 'groq/llama-4']);
    expect(plan('anthropic/claude', { fallbacks })).toEqual(['anthropic/claude', 'openai/gpt-5']);
  });

  test('an alias inherits the fallbacks of what it stands for, or has its own; the list is bounded', () => {
    const aliases = new Map([['smart', 'openai/gpt-5']]);
    const fallbacks = new Map([['openai/*', ['groq/llama-4']]]);
    expect(plan('smart', { aliases, fallbacks })).toEqual(['openai/gpt-5', 'groq/llama-4']);
    const many = new Map([['smart', Array.from({ length: 40 }, (_, i) => `groq/m${i}`)]]);
    expect(plan('smart', { aliases, fallbacks: many })).toHaveLength(TARGETS_MAX);
  });
});

describe('model filters', () => {
  test('whitelist beats ignore list beats default', () => {
    const filter = { ignore: ['*'], whitelist: ['gpt-5*', 'openai/o[13]'] };
    expect(allowsByFilter(filter, 'openai', 'gpt-5-mini')).toBe(true);
    expect(allowsByFilter(filter, 'openai', 'o3')).toBe(true);
    expect(allowsByFilter(filter, 'openai', 'o2')).toBe(false);
    expect(allowsByFilter({ ignore: ['*-preview'], whitelist: [] }, 'openai', 'x-preview')).toBe(false);
    expect(allowsByFilter({ ignore: [], whitelist: [] }, 'openai', 'anything')).toBe(true);
  });

  test('shell globs: classes, negation, and everything else by the letter', () => {
    expect(matchesShell('gpt-[!4]*', 'gpt-5')).toBe(true);
    expect(matchesShell('gpt-[!4]*', 'gpt-4o')).toBe(false);
    expect(matchesShell('a.b', 'axb')).toBe(false);
    expect(matchesShell('a?c', 'abc')).toBe(true);
    expect(matchesShell('(x+)+$', '(x+)+$')).toBe(true);
    expect(matchesShell('[unclosed', '[unclosed')).toBe(true);
  });
});
