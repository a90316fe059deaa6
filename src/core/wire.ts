// The words for protocols: what a client may speak, what a provider may speak, which operation is asked for.

/** Wire format of a request and its answer. */
export type Dialect = 'openai-chat' | 'openai-embeddings' | 'anthropic-messages' | 'gemini';

/** Family a provider belongs to; decides its paths, its auth header and its dialects. */
export type ProviderProtocol = 'openai' | 'anthropic' | 'gemini';

/** Shape in which errors are told to a caller. */
export type ErrorShape = 'openai' | 'anthropic' | 'gemini';

/** Features of a request that a target must be able to carry. */
export interface RequestFeatures {
  readonly tools: boolean;
  readonly images: boolean;
  readonly documents: boolean;
  readonly audio: boolean;
  readonly thinking: boolean;
  /** Signed reasoning in the history: only the family that made it may see it again (wire fact F18). */
  readonly signedThinking: boolean;
  readonly structuredOutput: boolean;
}

export const NO_FEATURES: RequestFeatures = {
  tools: false,
  images: false,
  documents: false,
  audio: false,
  thinking: false,
  signedThinking: false,
  structuredOutput: false,
};
