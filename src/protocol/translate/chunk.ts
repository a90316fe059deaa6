// The chat completion chunk in which all stream translations meet.
import type { JsonObject } from '../../lib/json.ts';
import type { AnswerContext } from './translator.ts';

export interface ChunkHead {
  readonly id: string;
  readonly model: string;
}

export interface ChunkMaker {
  readonly delta: (delta: JsonObject, index?: number) => JsonObject;
  readonly finish: (of: { reason: string; native: string | null; index?: number }) => JsonObject;
  readonly usage: (usage: JsonObject) => JsonObject;
}

/** All chunks of one answer share their head; `created` is when the answer began here. */
export function createChunkMaker(head: () => ChunkHead, context: AnswerContext): ChunkMaker {
  const created = Math.floor(context.nowMs / 1000);

  function chunk(choices: JsonObject[]): JsonObject {
    const { id, model } = head();
    return { id, object: 'chat.completion.chunk', created, model, choices };
  }

  return {
    delta: (delta, index = 0) => chunk([{ index, delta, finish_reason: null }]),
    finish: ({ reason, native, index = 0 }) =>
      chunk([
        {
          index,
          delta: {},
          finish_reason: reason,
          ...(native === null ? {} : { native_finish_reason: native }),
        },
      ]),
    usage: (usage) => ({ ...chunk([]), usage }),
  };
}
