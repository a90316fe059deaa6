// Chunks as the stream of an OpenAI client. The usage chunk goes only to those who asked for it (wire fact F8).
import { asArray, type JsonObject } from '../../lib/json.ts';
import type { ChunkSink } from './translator.ts';

export function createChatSink(of: { readonly includeUsage: boolean }): ChunkSink {
  return {
    chunk: (chunk) => {
      if ((asArray(chunk.choices)?.length ?? 0) === 0) return of.includeUsage ? write(chunk) : '';
      if (chunk.usage === undefined) return write(chunk);
      const { usage: _, ...rest } = chunk;
      return write(rest);
    },
    end: () => 'data: [DONE]\n\n',
    fail: (error) =>
      write({ error: { message: error.message, type: error.type ?? 'api_error', param: null, code: null } }),
  };
}

function write(data: JsonObject): string {
  return `data: ${JSON.stringify(data)}\n\n`;
}
