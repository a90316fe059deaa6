// Guarantee: for every recorded Anthropic and Gemini answer the readers see the numbers, model and stop reason of the index.
import { describe, expect, test } from 'bun:test';
import type { TokenUsage } from '../../src/core/token-usage.ts';
import { MessagesStreamReader, readMessagesAnswer } from '../../src/protocol/anthropic-messages/usage.ts';
import { GenerateStreamReader, readGenerateAnswer } from '../../src/protocol/gemini/usage.ts';
import { SseParser } from '../../src/protocol/sse.ts';
import type { AnswerFacts, ReadAnswer, StreamReader } from '../../src/protocol/types.ts';
import {
  HAVE_RECORDINGS,
  type RecordingRow,
  readRecordingJson,
  recordingAsSse,
  recordingIndex,
  recordingTurns,
} from '../support/recordings.ts';

const FORMATS: Readonly<Record<string, { answer: ReadAnswer; reader: () => StreamReader }>> = {
  anthropic: { answer: readMessagesAnswer, reader: () => new MessagesStreamReader() },
  google: { answer: readGenerateAnswer, reader: () => new GenerateStreamReader() },
};

/** After a server-side fallback the index names the model of message_start; the facts name the one that answered. */
const ANSWERED_BY_ANOTHER: Readonly<Record<string, string>> = {
  'anthropic-fallback.chunks.txt': 'claude-opus-4-8',
};

function follow(format: { reader: () => StreamReader }, sse: string): StreamReader {
  const reader = format.reader();
  const parser = new SseParser();
  for (const event of [...parser.push(new TextEncoder().encode(sse)), ...parser.end()]) reader.push(event);
  return reader;
}

function expectFacts(facts: AnswerFacts[], row: RecordingRow): void {
  const pick = (read: (usage: TokenUsage) => number | null) =>
    facts.map((each) => (each.usage ? read(each.usage) : null));
  const writes = (usage: TokenUsage) =>
    usage.cacheWrite5mTokens === null ? null : usage.cacheWrite5mTokens + (usage.cacheWrite1hTokens ?? 0);
  expect(pick((usage) => usage.inputTokens)).toEqual(row.input);
  expect(pick((usage) => usage.outputTokens)).toEqual(row.output);
  const spread = (values: (number | null)[]) =>
    values.length === 1 ? facts.map(() => values[0] ?? null) : values;
  expect(pick((usage) => usage.cachedTokens)).toEqual(spread(row.cached));
  expect(pick(writes)).toEqual(spread(row.cacheWrite));
  expect(pick((usage) => usage.reasoningTokens)).toEqual(spread(row.reasoning));
  expect(facts[0]?.modelServed ?? null).toBe(ANSWERED_BY_ANOTHER[row.file] ?? row.model);
  expect([...new Set(facts.map((each) => each.finishReason))]).toEqual(row.stop);
}

/** The index leaves out the turns that report no token at all (13 of 15 in the programmatic tool calling stream). */
function didWork(facts: AnswerFacts): boolean {
  return (facts.usage?.promptTokens ?? 0) + (facts.usage?.completionTokens ?? 0) > 0;
}

/** Turns of a conversation in one file; the spliced ones never ended and are no answers of their own. */
function turnsOf(row: RecordingRow): string[] {
  return row.file.startsWith('duplicate-') || row.file.startsWith('spliced-')
    ? [recordingAsSse(row)]
    : recordingTurns(row);
}

describe.skipIf(!HAVE_RECORDINGS)('recorded usage', () => {
  const rows = recordingIndex().filter((row) => FORMATS[row.folder] && !row.stop.includes('error'));

  test('the index holds the formats read here', () => {
    expect(rows.length).toBeGreaterThan(70);
  });

  for (const row of rows) {
    const format = FORMATS[row.folder];
    if (!format) continue;
    test(`${row.folder}/${row.file}`, () => {
      if (!row.streamed) return expectFacts([format.answer(readRecordingJson(row))], row);
      const readers = turnsOf(row).map((turn) => follow(format, turn));
      const ended = readers.filter((reader) => reader.ended);
      const facts = (ended.length > 0 ? ended : readers).map((reader) => reader.facts());
      expectFacts(facts.length === row.input.length ? facts : facts.filter(didWork), row);
    });
  }
});
