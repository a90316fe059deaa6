// Guarantee: what the operator wrote about a model is found by its exact name first, and nothing written means nothing known.
import { expect, test } from 'bun:test';
import { BOUNDS_CACHE_MAX, createModelBounds } from '../../../src/core/limits/model-bounds.ts';

test('the exact name before a glob, the longer glob before the shorter', () => {
  const bounds = createModelBounds({
    '*': { max_output_tokens: 1 },
    'openai/*': { max_output_tokens: 2, context_tokens: 9 },
    'openai/gpt-4o*': { max_output_tokens: 3 },
    'openai/gpt-4o-mini': { max_output_tokens: 4 },
  });
  const outputs = ['openai/gpt-4o-mini', 'openai/gpt-4o-2024', 'OpenAI/gpt-5', 'x/y'].map(
    (name) => bounds(name).maxOutputTokens,
  );
  expect(outputs).toEqual([4, 3, 2, 1]);
  expect(bounds('openai/gpt-5')).toEqual({ contextTokens: 9, maxOutputTokens: 2 });
  expect(bounds('openai/gpt-4o-mini').contextTokens).toBeNull();
});

test('nothing written, nothing known; invented names do not confuse it', () => {
  expect(createModelBounds({})('openai/gpt-5')).toEqual({ contextTokens: null, maxOutputTokens: null });
  const bounds = createModelBounds({ 'a/b': { max_output_tokens: 7 } });
  for (let i = 0; i < BOUNDS_CACHE_MAX + 10; i++) expect(bounds(`x/${i}`).maxOutputTokens).toBeNull();
  expect(bounds('a/b').maxOutputTokens).toBe(7);
});
