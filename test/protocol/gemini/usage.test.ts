// Guarantee: Gemini's last usage wins, thoughts count as written, and no malformed chunk throws.
import { expect, test } from 'bun:test';
import { AppError } from '../../../src/errors/app-error.ts';
import { readGenerateRequest } from '../../../src/protocol/gemini/read-request.ts';
import { GenerateStreamReader, readGenerateUsage } from '../../../src/protocol/gemini/usage.ts';

test('thoughts stand beside the candidates and tool prompts beside the prompt', () => {
  const usage = readGenerateUsage({
    promptTokenCount: 100,
    cachedContentTokenCount: 60,
    toolUsePromptTokenCount: 5,
    candidatesTokenCount: 7,
    thoughtsTokenCount: 30,
    totalTokenCount: 142,
    promptTokensDetails: [{ modality: 'AUDIO', tokenCount: 40 }],
  });
  expect(usage).toMatchObject({
    inputTokens: 100,
    outputTokens: 7,
    cachedTokens: 60,
    reasoningTokens: 30,
    audioInputTokens: 40,
    promptTokens: 105,
    completionTokens: 37,
  });
});

test('metadata without counts is no usage, and a total alone still tells what was written', () => {
  expect(readGenerateUsage({ trafficType: 'ON_DEMAND' })).toBeNull();
  expect(readGenerateUsage({ promptTokenCount: 9, totalTokenCount: 12 })?.completionTokens).toBe(3);
});

test('a stream: last usage, blocked prompts, errors, rubbish', () => {
  const reader = new GenerateStreamReader();
  const push = (data: string) => reader.push({ event: null, data });
  push(
    '{"candidates":[{"content":{"parts":[{"text":"abc"}]}}],"usageMetadata":{"promptTokenCount":4,"candidatesTokenCount":1}}',
  );
  push('{"usageMetadata":{"promptTokenCount":4,"candidatesTokenCount":9},"modelVersion":"gemini-x"}');
  for (const rubbish of ['', '[', '[]', 'null', '{"candidates":5}', '{"candidates":[null]}']) push(rubbish);
  expect(reader.ended).toBe(false);
  push('{"promptFeedback":{"blockReason":"SAFETY"}}');
  expect(reader.facts()).toMatchObject({
    modelServed: 'gemini-x',
    finishReason: 'SAFETY',
    usage: { outputTokens: 9 },
  });
  expect(reader.ended).toBe(true);
  expect(reader.outputChars).toBe(3);
  push('{"error":{"code":503,"status":"UNAVAILABLE","message":"later"}}');
  expect(reader.error).toEqual({ type: 'UNAVAILABLE', message: 'later' });
});

test('the request: features and bounds', () => {
  const facts = readGenerateRequest({
    contents: [
      { parts: [{ inlineData: { mimeType: 'image/png', data: '' } }, { text: 'x', thoughtSignature: 's' }] },
      { parts: [{ fileData: { mimeType: 'application/pdf', fileUri: 'u' } }] },
    ],
    tools: [{ functionDeclarations: [] }],
    generationConfig: { maxOutputTokens: 8, candidateCount: 2, thinkingConfig: { thinkingBudget: 0 } },
  });
  expect(facts).toMatchObject({ maxOutputTokens: 8, choices: 2 });
  expect(facts.features).toMatchObject({
    images: true,
    documents: true,
    signedThinking: true,
    tools: true,
    thinking: false,
  });
  expect(() => readGenerateRequest({})).toThrow(AppError);
});
