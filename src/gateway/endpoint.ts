// The endpoints that call models, as data: what they are called, which wire they speak, who reads it.
import type { Dialect, ErrorShape } from '../core/wire.ts';
import { readMessagesRequest } from '../protocol/anthropic-messages/read-request.ts';
import { readChatRequest } from '../protocol/openai-chat/read-request.ts';
import { readEmbeddingsRequest } from '../protocol/openai-embeddings/read-request.ts';
import type { ReadRequest } from '../protocol/types.ts';

export interface Endpoint {
  /** As the ledger names it. */
  readonly name: string;
  readonly dialect: Dialect;
  readonly errorShape: ErrorShape;
  readonly readRequest: ReadRequest;
}

export const CHAT: Endpoint = {
  name: '/v1/chat/completions',
  dialect: 'openai-chat',
  errorShape: 'openai',
  readRequest: readChatRequest,
};

export const EMBEDDINGS: Endpoint = {
  name: '/v1/embeddings',
  dialect: 'openai-embeddings',
  errorShape: 'openai',
  readRequest: readEmbeddingsRequest,
};

export const MESSAGES: Endpoint = {
  name: '/v1/messages',
  dialect: 'anthropic-messages',
  errorShape: 'anthropic',
  readRequest: readMessagesRequest,
};
