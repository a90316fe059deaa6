// A rough count of the input tokens of a Messages request, for providers that cannot be asked. Always told as an estimate.
// Counts what a model reads, not the JSON around it: texts, tool definitions and calls, and a flat rate per image and page.
import { asArray, asObject, asString, type Json, type JsonObject } from '../../lib/json.ts';

/** English prose and code, in the vocabularies of 2024 to 2026. */
const CHARS_PER_TOKEN = 4;
/** Scripts outside Latin take about a token a character. */
const WIDE_CHAR_TOKENS = 1;
/** What roles and separators take per message. */
const MESSAGE_TOKENS = 4;
/** An image at the size to which models scale it down (about 1.15 megapixels at 750 pixels a token). */
const IMAGE_TOKENS = 1_500;
/** A PDF says how large it is, not how many pages it has: base64 characters per token of typical ones. */
const PDF_CHARS_PER_TOKEN = 30;

export function estimateInputTokens(body: JsonObject): number {
  let tokens = countContent(body.system);
  for (const message of asArray(body.messages) ?? [])
    tokens += MESSAGE_TOKENS + countContent(asObject(message)?.content);
  for (const tool of asArray(body.tools) ?? []) tokens += MESSAGE_TOKENS + countText(JSON.stringify(tool));
  return Math.max(1, Math.ceil(tokens));
}

function countContent(content: Json | undefined): number {
  const text = asString(content);
  if (text !== null) return countText(text);
  return (asArray(content) ?? []).reduce<number>((sum, block) => sum + countBlock(asObject(block) ?? {}), 0);
}

function countBlock(block: JsonObject): number {
  if (block.type === 'image') return IMAGE_TOKENS;
  if (block.type === 'document') return countDocument(asObject(block.source) ?? {});
  if (block.type === 'tool_use')
    return countText(asString(block.name) ?? '') + countText(JSON.stringify(block.input ?? {}));
  if (block.type === 'tool_result') return MESSAGE_TOKENS + countContent(block.content);
  return countText(asString(block.text) ?? asString(block.thinking) ?? '');
}

function countDocument(source: JsonObject): number {
  const data = asString(source.data) ?? '';
  if (source.type === 'text') return countText(data);
  if (source.type === 'content') return countContent(source.content);
  return Math.max(IMAGE_TOKENS, data.length / PDF_CHARS_PER_TOKEN);
}

function countText(text: string): number {
  let wide = 0;
  for (let at = 0; at < text.length; at++) if (text.charCodeAt(at) > 0x2e7f) wide++;
  return (text.length - wide) / CHARS_PER_TOKEN + wide * WIDE_CHAR_TOKENS;
}
