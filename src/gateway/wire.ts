// What the gateway needs to know of each wire format as a provider speaks it: how it is called and who reads its answers.
import type { Dialect, ProviderProtocol } from '../core/wire.ts';
import { MessagesStreamReader, readMessagesAnswer } from '../protocol/anthropic-messages/usage.ts';
import { GenerateStreamReader, readGenerateAnswer } from '../protocol/gemini/usage.ts';
import { ChatStreamReader, readChatAnswer } from '../protocol/openai-chat/usage.ts';
import { readEmbeddingsAnswer } from '../protocol/openai-embeddings/usage.ts';
import type { CreateStreamReader, ReadAnswer } from '../protocol/types.ts';
import type { Operation } from '../upstream/providers/provider-spec.ts';

export interface Wire {
  readonly operation: Operation;
  readonly streamOperation: Operation;
  readonly readAnswer: ReadAnswer;
  readonly createStreamReader: CreateStreamReader;
}

export const WIRES: Readonly<Record<Dialect, Wire>> = {
  'openai-chat': {
    operation: 'chat',
    streamOperation: 'chat',
    readAnswer: readChatAnswer,
    createStreamReader: () => new ChatStreamReader(),
  },
  'openai-embeddings': {
    operation: 'embeddings',
    streamOperation: 'embeddings',
    readAnswer: readEmbeddingsAnswer,
    createStreamReader: () => new ChatStreamReader(),
  },
  'anthropic-messages': {
    operation: 'messages',
    streamOperation: 'messages',
    readAnswer: readMessagesAnswer,
    createStreamReader: () => new MessagesStreamReader(),
  },
  gemini: {
    operation: 'generate',
    streamOperation: 'stream_generate',
    readAnswer: readGenerateAnswer,
    createStreamReader: () => new GenerateStreamReader(),
  },
};

/** The wire that a provider of this family speaks for what the caller wants. */
export function dialectOf(protocol: ProviderProtocol, asked: Dialect): Dialect {
  if (protocol === 'anthropic') return 'anthropic-messages';
  if (protocol === 'gemini') return 'gemini';
  return asked === 'openai-embeddings' ? 'openai-embeddings' : 'openai-chat';
}
