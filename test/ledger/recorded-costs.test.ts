// Guarantee: recorded answers of real providers cost what their price lists say, from the bytes of the answer to the
// nano-dollar, worked out here by hand.
import { describe, expect, test } from 'bun:test';
import { costOf } from '../../src/core/price.ts';
import { createPriceBook } from '../../src/ledger/prices/price-book.ts';
import { MessagesStreamReader, readMessagesAnswer } from '../../src/protocol/anthropic-messages/usage.ts';
import { GenerateStreamReader, readGenerateAnswer } from '../../src/protocol/gemini/usage.ts';
import { ChatStreamReader, readChatAnswer } from '../../src/protocol/openai-chat/usage.ts';
import { readEmbeddingsAnswer } from '../../src/protocol/openai-embeddings/usage.ts';
import { SseParser } from '../../src/protocol/sse.ts';
import type { AnswerFacts, ReadAnswer, StreamReader } from '../../src/protocol/types.ts';
import { HAVE_RECORDINGS, readRecordingJson, recordingAsSse } from '../support/recordings.ts';

if (!HAVE_RECORDINGS)
  console.log('recorded costs: skipped, there is no folder ../shared/recordings beside this checkout');

interface Wire {
  readonly answer: ReadAnswer;
  readonly reader: () => StreamReader;
}
const CHAT: Wire = { answer: readChatAnswer, reader: () => new ChatStreamReader() };
const EMBEDDINGS: Wire = { answer: readEmbeddingsAnswer, reader: () => new ChatStreamReader() };
const MESSAGES: Wire = { answer: readMessagesAnswer, reader: () => new MessagesStreamReader() };
const GENERATE: Wire = { answer: readGenerateAnswer, reader: () => new GenerateStreamReader() };

/** Provider, folder, file, nano-dollars, and how they come about: tokens x 1000 x dollars per million. */
const BY_HAND: readonly (readonly [Wire, string, string, string, number, string])[] = [
  [CHAT, 'openai', 'openai/chat', 'openai-text.chunks.txt', 121_600, '16*100 + 300*400'],
  [CHAT, 'openai', 'openai/chat', 'openai-text.json', 146_800, '16*100 + 363*400'],
  [
    CHAT,
    'openai',
    'openai/chat',
    'azure-model-router.1.chunks.txt',
    31_950,
    '15*50 + 78*400, 64 of them reasoning',
  ],
  [EMBEDDINGS, 'openai', 'openai/embeddings', 'openai-embedding.json', 240, '12*20'],
  [MESSAGES, 'anthropic', 'anthropic', 'anthropic-text.json', 471_000, '12*3000 + 29*15000'],
  [MESSAGES, 'anthropic', 'anthropic', 'anthropic-text.chunks.txt', 486_000, '12*3000 + 30*15000'],
  [
    MESSAGES,
    'anthropic',
    'anthropic',
    'anthropic-code-execution-20260120-prompt-cache.1.chunks.txt',
    11_592_300,
    '6*2000 + 6289*200 cached + 3337*2500 written for 5 minutes + 198*10000',
  ],
  [
    MESSAGES,
    'anthropic',
    'anthropic',
    'anthropic-code-execution-20250825.pptx-skill.json',
    6_015_648_000,
    'long context: 950648*6000 + 13856*22500',
  ],
  [
    MESSAGES,
    'anthropic',
    'anthropic',
    'anthropic-web-search-tool.1.json',
    110_354_000,
    '27118*3000 + 600*15000 + 2 searches*10000000',
  ],
  [
    MESSAGES,
    'anthropic',
    'anthropic',
    'anthropic-web-search-tool.1.chunks.txt',
    68_920_000,
    '15665*3000, corrected on the way from 2037, + 795*15000 + 1 search*10000000',
  ],
  [
    MESSAGES,
    'anthropic',
    'anthropic',
    'anthropic-compaction.1.chunks.txt',
    73_535_000,
    '612*5000 + 2819*25000',
  ],
  [MESSAGES, 'anthropic', 'anthropic', 'anthropic-json-tool.1.json', 1_586_000, '1151*1000 + 87*5000'],
  [GENERATE, 'gemini', 'google', 'google-text.json', 3_282_000, '9*2000 + (28 + 244 thoughts)*12000'],
  [
    GENERATE,
    'gemini',
    'google',
    'google-reasoning-gemini3.chunks.txt',
    3_918_000,
    '9*2000 + (23 + 302 thoughts)*12000',
  ],
  [CHAT, 'groq', 'groq', 'groq-reasoning.json', 387_840, '17*290 + 649*590, 570 of them reasoning'],
  [CHAT, 'deepseek', 'deepseek', 'deepseek-json.json', 456_410, '175*550 + 320*140 cached + 144*2190'],
  [
    CHAT,
    'xai',
    'openai-compatible',
    'xai-text.chunks.txt',
    172_125,
    '1*300 + 11*75 cached + (2 + 340 reasoning)*500',
  ],
  [CHAT, 'mistral', 'mistral', 'mistral-text.json', 131_500, '13*100 + 434*300'],
];

function factsOf(wire: Wire, folder: string, file: string): AnswerFacts {
  if (file.endsWith('.json')) return wire.answer(readRecordingJson({ folder, file }));
  const reader = wire.reader();
  const parser = new SseParser();
  const bytes = new TextEncoder().encode(recordingAsSse({ folder, file }));
  for (const event of [...parser.push(bytes), ...parser.end()]) reader.push(event);
  return reader.facts();
}

describe.skipIf(!HAVE_RECORDINGS)('recorded answers cost', () => {
  const noon = { nowMs: () => Date.UTC(2026, 10, 23, 12), monotonicMs: () => 0 };
  const book = createPriceBook({ clock: noon });
  for (const [wire, provider, folder, file, nanoUsd, why] of BY_HAND) {
    test(`${nanoUsd} nano-dollars for ${folder}/${file}: ${why}`, () => {
      const { usage, modelServed } = factsOf(wire, folder, file);
      if (!usage || !modelServed) throw new Error('the recording has no usage or no model');
      const price = book.find({ provider, model: 'as-asked', served: modelServed });
      expect(costOf(price, usage)).toMatchObject({ costNanoUsd: nanoUsd, unpriced: false });
    });
  }
});
