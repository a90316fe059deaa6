// Judges whether a stream built for a client keeps that client's rules. Written from the formats' references, not from our code.
import { asObject, type JsonObject, parseJson } from '../../src/lib/json.ts';
import { parseSse } from './answer-gist.ts';

const DELTAS: Readonly<Record<string, readonly string[]>> = {
  text: ['text_delta'],
  thinking: ['thinking_delta', 'signature_delta'],
  tool_use: ['input_json_delta'],
};

/** What is wrong with an Anthropic stream, as lines; empty when it is well formed. */
export function anthropicStreamProblems(sse: string): string[] {
  const problems: string[] = [];
  let phase: 'before' | 'content' | 'delta' | 'stopped' | 'failed' = 'before';
  let open: { index: number; type: string } | null = null;
  let next = 0;
  const expectPhase = (wanted: string, type: string) => {
    if (phase !== wanted) problems.push(`${type} while ${phase}`);
  };
  for (const { event, data } of parseSse(sse)) {
    const body = asObject(parseJson(data)) ?? {};
    const type = String(body.type);
    if (event !== type) problems.push(`event ${event} holds ${type}`);
    if (phase === 'stopped' || phase === 'failed') problems.push(`${type} after the end`);
    if (type === 'error') phase = 'failed';
    else if (type === 'message_start') {
      expectPhase('before', type);
      phase = 'content';
      problems.push(...messageProblems(asObject(body.message)));
    } else if (type === 'content_block_start') {
      expectPhase('content', type);
      if (open) problems.push(`block ${body.index} opens inside block ${open.index}`);
      if (body.index !== next) problems.push(`block ${body.index} where ${next} is due`);
      next++;
      open = { index: Number(body.index), type: String(asObject(body.content_block)?.type) };
      if (!DELTAS[open.type]) problems.push(`a ${open.type} block`);
    } else if (type === 'content_block_delta') {
      const delta = String(asObject(body.delta)?.type);
      if (open?.index !== body.index) problems.push(`delta for block ${body.index}, open is ${open?.index}`);
      if (!DELTAS[open?.type ?? '']?.includes(delta)) problems.push(`${delta} in a ${open?.type} block`);
    } else if (type === 'content_block_stop') {
      if (open?.index !== body.index) problems.push(`stop of block ${body.index}, open is ${open?.index}`);
      open = null;
    } else if (type === 'message_delta') {
      expectPhase('content', type);
      if (open) problems.push('message_delta inside a block');
      phase = 'delta';
      if (typeof asObject(body.delta)?.stop_reason !== 'string')
        problems.push('message_delta without stop_reason');
      if (typeof asObject(body.usage)?.output_tokens !== 'number')
        problems.push('message_delta without usage');
    } else if (type === 'message_stop') {
      expectPhase('delta', type);
      phase = 'stopped';
    } else problems.push(`unknown event ${type}`);
  }
  if (phase !== 'stopped' && phase !== 'failed') problems.push(`ends while ${phase}`);
  return problems;
}

function messageProblems(message: JsonObject | null): string[] {
  const usage = asObject(message?.usage);
  const problems: string[] = [];
  if (typeof message?.id !== 'string' || message.id === '') problems.push('message_start without id');
  if (typeof message?.model !== 'string' || message.model === '')
    problems.push('message_start without model');
  if (typeof usage?.input_tokens !== 'number') problems.push('message_start without input_tokens');
  return problems;
}

/** What is wrong with a chat stream, as lines; empty when it is well formed. */
export function chatStreamProblems(sse: string): string[] {
  const problems: string[] = [];
  const ids = new Set<string>();
  const calls = new Map<number, string>();
  let over = false;
  let roles = 0;
  const finished = new Set<unknown>();
  for (const { data } of parseSse(sse)) {
    if (over) problems.push('an event after the end');
    if (data === '[DONE]') {
      over = true;
      if (finished.size === 0) problems.push('[DONE] without a finish_reason');
      continue;
    }
    const chunk = asObject(parseJson(data));
    if (!chunk) {
      problems.push(`no JSON: ${data}`);
      continue;
    }
    if (chunk.error) {
      over = true;
      continue;
    }
    ids.add(String(chunk.id));
    for (const choice of Array.isArray(chunk.choices) ? chunk.choices : []) {
      const each = asObject(choice) ?? {};
      if (finished.has(each.index)) problems.push('a choice after its finish_reason');
      if (each.finish_reason !== null) finished.add(each.index);
      if (asObject(each.delta)?.role !== undefined) roles++;
      problems.push(...callProblems(asObject(each.delta) ?? {}, calls));
    }
  }
  if (!over) problems.push('ends without [DONE] or an error');
  if (roles > 1) problems.push('the role is told twice');
  if (ids.size > 1) problems.push(`ids change: ${[...ids].join(', ')}`);
  return problems;
}

function callProblems(delta: JsonObject, calls: Map<number, string>): string[] {
  const problems: string[] = [];
  for (const each of Array.isArray(delta.tool_calls) ? delta.tool_calls : []) {
    const call = asObject(each) ?? {};
    const index = Number(call.index);
    if (!calls.has(index)) {
      if (index !== calls.size) problems.push(`call ${index} where ${calls.size} is due`);
      if (typeof call.id !== 'string' || call.id === '') problems.push(`call ${index} without id`);
      calls.set(index, String(call.id));
    }
  }
  return problems;
}
