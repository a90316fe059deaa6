// What the demo models say: small, deterministic, and counted by one simple rule. Pure.
import { asArray, asObject, asString, type JsonObject } from '../../lib/json.ts';

export const DEMO_MODELS = ['echo', 'story', 'tools', 'reasoner', 'embed'] as const;
export type DemoModel = (typeof DEMO_MODELS)[number];

export interface DemoAnswer {
  readonly reasoning: string;
  readonly text: string;
  readonly toolCall: { readonly name: string; readonly arguments: string } | null;
}

const STORY =
  'At the edge of the town stood a tollgate, and its keeper wrote every traveller into a great book. ' +
  'A merchant asked what the book was for. "So that each pays for what they carried," said the keeper, ' +
  '"and nobody for what they did not." The merchant paid, and slept well, and came back in spring.';

/** The demo's own measure: words and marks. Real providers count differently; that is the point of a ledger. */
export function countDemoTokens(text: string): number {
  return text.match(/\w+|[^\s\w]/g)?.length ?? 0;
}

/** Text of all messages, for counting. */
export function promptText(body: JsonObject): string {
  return (asArray(body.messages) ?? []).map((message) => contentText(asObject(message)?.content)).join('\n');
}

export function answerDemo(model: DemoModel, body: JsonObject): DemoAnswer {
  const messages = asArray(body.messages) ?? [];
  const last = asObject(messages.at(-1));
  const said = contentText(last?.content);
  if (model === 'story') return { reasoning: '', text: STORY, toolCall: null };
  if (model === 'reasoner') {
    return {
      reasoning: `The question has ${countDemoTokens(said)} tokens. I answer briefly.`,
      text: 'Forty-two.',
      toolCall: null,
    };
  }
  const tool = asString(asObject(asObject(asArray(body.tools)?.[0])?.function)?.name);
  if (model === 'tools' && tool !== null && last?.role !== 'tool') {
    return { reasoning: '', text: '', toolCall: { name: tool, arguments: JSON.stringify({ query: said }) } };
  }
  return { reasoning: '', text: said === '' ? '(nothing was said)' : said, toolCall: null };
}

/** Eight numbers from a text, the same every time. */
export function embedDemo(text: string): number[] {
  return Array.from({ length: 8 }, (_, index) => (Bun.hash.crc32(`${index}:${text}`) / 0xffffffff) * 2 - 1);
}

function contentText(content: unknown): string {
  if (typeof content === 'string') return content;
  return (asArray(content) ?? []).map((part) => asString(asObject(part)?.text) ?? '').join(' ');
}
