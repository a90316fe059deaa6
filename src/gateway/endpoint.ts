// The endpoints that call models, as data: what they are called, which wire they speak, who reads it.
import type { Dialect, ErrorShape } from '../core/wire.ts';
import { readChatRequest } from '../protocol/openai-chat/read-request.ts';
import { createChatStreamReader, readChatAnswer } from '../protocol/openai-chat/usage.ts';
import { readEmbeddingsRequest } from '../protocol/openai-embeddings/read-request.ts';
import { readEmbeddingsAnswer } from '../protocol/openai-embeddings/usage.ts';
import type { CreateStreamReader, ReadAnswer, ReadRequest } from '../protocol/types.ts';
import type { Operation } from '../upstream/providers/provider-spec.ts';

export interface Endpoint {
  /** As the ledger names it. */
  readonly name: string;
  readonly dialect: Dialect;
  readonly errorShape: ErrorShape;
  readonly operation: Operation;
  readonly readRequest: ReadRequest;
  readonly readAnswer: ReadAnswer;
  readonly createStreamReader: CreateStreamReader;
}

export const CHAT: Endpoint = {
  name: '/v1/chat/completions',
  dialect: 'openai-chat',
  errorShape: 'openai',
  operation: 'chat',
  readRequest: readChatRequest,
  readAnswer: readChatAnswer,
  createStreamReader: createChatStreamReader,
};

export const EMBEDDINGS: Endpoint = {
  name: '/v1/embeddings',
  dialect: 'openai-embeddings',
  errorShape: 'openai',
  operation: 'embeddings',
  readRequest: readEmbeddingsRequest,
  readAnswer: readEmbeddingsAnswer,
  createStreamReader: createChatStreamReader,
};
