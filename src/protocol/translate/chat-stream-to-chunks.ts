// The stream of an OpenAI-shaped provider as chunks: parsed and otherwise as they came. Malformed events are passed over.
import { asArray, asObject, asString, parseJson } from '../../lib/json.ts';
import { readStreamError } from '../openai-chat/usage.ts';
import type { SseEvent } from '../sse.ts';
import { type ChunkSource, type ChunkStep, INTERRUPTED } from './translator.ts';

export class ChatSource implements ChunkSource {
  #finished = false;

  push(event: SseEvent): ChunkStep[] {
    if (event.data.trim() === '[DONE]') return [{ kind: 'end' }];
    const chunk = asObject(parseJson(event.data));
    if (!chunk) return [];
    const error = readStreamError(chunk);
    if (error) return [{ kind: 'error', error }];
    if (asString(asObject(asArray(chunk.choices)?.[0])?.finish_reason)) this.#finished = true;
    return [{ kind: 'chunk', chunk }];
  }

  end(): ChunkStep[] {
    return [this.#finished ? { kind: 'end' } : { kind: 'error', error: INTERRUPTED }];
  }
}
