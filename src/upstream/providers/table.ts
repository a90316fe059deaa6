// The providers that need no configuration beyond a key. Data only; a row that needs code is a sign to look twice.
// Base URLs, auth headers and paths are those of the providers' own API references (November 2026).
import type { Operation, ProviderSpec } from './provider-spec.ts';

type Endpoints = Readonly<Partial<Record<Operation, string>>>;

const CHAT_ONLY: Endpoints = { chat: '/chat/completions', models: '/models' };
const CHAT_AND_EMBEDDINGS: Endpoints = { ...CHAT_ONLY, embeddings: '/embeddings' };
/** Everything an OpenAI-compatible server may offer; one that lacks a path answers 404 itself. */
export const OPENAI_ENDPOINTS: Endpoints = {
  ...CHAT_AND_EMBEDDINGS,
  completions: '/completions',
  responses: '/responses',
  moderations: '/moderations',
  images: '/images/generations',
  speech: '/audio/speech',
  transcriptions: '/audio/transcriptions',
};
const ANTHROPIC_ENDPOINTS: Endpoints = {
  messages: '/v1/messages',
  count_tokens: '/v1/messages/count_tokens',
  models: '/v1/models',
};
/** F4: a version the client sent goes through; this one is for calls that Tollgate makes itself or translates. */
const ANTHROPIC_HEADERS = { 'anthropic-version': '2023-06-01' };
const GEMINI_ENDPOINTS: Endpoints = {
  generate: '/v1beta/models/{model}:generateContent',
  stream_generate: '/v1beta/models/{model}:streamGenerateContent',
  count_tokens: '/v1beta/models/{model}:countTokens',
  embeddings: '/v1beta/models/{model}:embedContent',
  models: '/v1beta/models',
};
/** Azure's classic form, chosen when AZURE_API_VERSION is given; the model name is the deployment's. */
export const AZURE_DEPLOYMENT_ENDPOINTS: Endpoints = {
  chat: '/openai/deployments/{model}/chat/completions',
  completions: '/openai/deployments/{model}/completions',
  embeddings: '/openai/deployments/{model}/embeddings',
  models: '/openai/models',
};
const AZURE_V1_ENDPOINTS: Endpoints = {
  chat: '/openai/v1/chat/completions',
  embeddings: '/openai/v1/embeddings',
  responses: '/openai/v1/responses',
  models: '/openai/v1/models',
};

/** What another protocol than the row's own brings with it, for custom providers. */
export function protocolEndpoints(
  protocol: ProviderSpec['protocol'],
): Pick<ProviderSpec, 'endpoints' | 'auth' | 'includeUsage' | 'headers'> {
  if (protocol === 'anthropic')
    return {
      endpoints: ANTHROPIC_ENDPOINTS,
      auth: 'x-api-key',
      includeUsage: false,
      headers: ANTHROPIC_HEADERS,
    };
  if (protocol === 'gemini')
    return { endpoints: GEMINI_ENDPOINTS, auth: 'x-goog-api-key', includeUsage: false, headers: {} };
  return { endpoints: OPENAI_ENDPOINTS, auth: 'bearer', includeUsage: true, headers: {} };
}

type Row = Partial<ProviderSpec> & { readonly name: string; readonly baseUrl: string };

/** Fills a row with what most OpenAI-compatible providers share. */
export function providerRow(row: Row): ProviderSpec {
  const endpoints = row.endpoints ?? CHAT_AND_EMBEDDINGS;
  return {
    protocol: 'openai',
    auth: 'bearer',
    endpoints,
    includeUsage: true,
    keyCheck: endpoints.models ?? null,
    keyless: false,
    headers: {},
    query: {},
    aliases: [],
    custom: false,
    ...row,
  };
}

export const PROVIDER_TABLE: readonly ProviderSpec[] = [
  providerRow({ name: 'openai', baseUrl: 'https://api.openai.com/v1', endpoints: OPENAI_ENDPOINTS }),
  providerRow({
    name: 'anthropic',
    protocol: 'anthropic',
    baseUrl: 'https://api.anthropic.com',
    auth: 'x-api-key',
    endpoints: ANTHROPIC_ENDPOINTS,
    includeUsage: false,
    headers: ANTHROPIC_HEADERS,
  }),
  providerRow({
    name: 'gemini',
    protocol: 'gemini',
    baseUrl: 'https://generativelanguage.googleapis.com',
    auth: 'x-goog-api-key',
    endpoints: GEMINI_ENDPOINTS,
    includeUsage: false,
  }),
  providerRow({
    name: 'openrouter',
    baseUrl: 'https://openrouter.ai/api/v1',
    endpoints: { ...CHAT_AND_EMBEDDINGS, completions: '/completions', responses: '/responses' },
    // Its list of models is open to all, so that it says nothing about a key.
    keyCheck: '/key',
  }),
  providerRow({
    name: 'groq',
    baseUrl: 'https://api.groq.com/openai/v1',
    endpoints: {
      ...CHAT_ONLY,
      responses: '/responses',
      speech: '/audio/speech',
      transcriptions: '/audio/transcriptions',
    },
  }),
  // Mistral sends usage in the last chunk unasked, and refuses fields it does not know.
  providerRow({
    name: 'mistral',
    baseUrl: 'https://api.mistral.ai/v1',
    endpoints: { ...CHAT_AND_EMBEDDINGS, moderations: '/moderations' },
    includeUsage: false,
  }),
  providerRow({ name: 'deepseek', baseUrl: 'https://api.deepseek.com/v1', endpoints: CHAT_ONLY }),
  providerRow({
    name: 'xai',
    baseUrl: 'https://api.x.ai/v1',
    endpoints: { ...CHAT_AND_EMBEDDINGS, responses: '/responses', images: '/images/generations' },
  }),
  providerRow({
    name: 'together',
    baseUrl: 'https://api.together.xyz/v1',
    endpoints: {
      ...CHAT_AND_EMBEDDINGS,
      completions: '/completions',
      images: '/images/generations',
      rerank: '/rerank',
    },
    aliases: ['together_ai', 'togetherai'],
  }),
  providerRow({
    name: 'fireworks',
    baseUrl: 'https://api.fireworks.ai/inference/v1',
    endpoints: { ...CHAT_AND_EMBEDDINGS, completions: '/completions' },
    aliases: ['fireworks_ai'],
  }),
  providerRow({ name: 'nvidia_nim', baseUrl: 'https://integrate.api.nvidia.com/v1', keyCheck: null }),
  // The compatibility API refuses stream_options and has no list of models.
  providerRow({
    name: 'cohere',
    baseUrl: 'https://api.cohere.ai/compatibility/v1',
    endpoints: { chat: '/chat/completions', embeddings: '/embeddings' },
    includeUsage: false,
  }),
  providerRow({
    name: 'chutes',
    baseUrl: 'https://llm.chutes.ai/v1',
    endpoints: CHAT_ONLY,
    keyCheck: null,
  }),
  providerRow({
    name: 'cerebras',
    baseUrl: 'https://api.cerebras.ai/v1',
    endpoints: { ...CHAT_ONLY, completions: '/completions' },
  }),
  // Perplexity has no list of models, and puts usage into every chunk unasked.
  providerRow({
    name: 'perplexity',
    baseUrl: 'https://api.perplexity.ai',
    endpoints: { chat: '/chat/completions' },
    includeUsage: false,
    aliases: ['perplexityai'],
  }),
  providerRow({
    name: 'ollama',
    keyCheck: null,
    baseUrl: 'http://127.0.0.1:11434/v1',
    endpoints: { ...CHAT_AND_EMBEDDINGS, completions: '/completions' },
    keyless: true,
  }),
  providerRow({
    name: 'vllm',
    baseUrl: 'http://127.0.0.1:8000/v1',
    endpoints: { ...OPENAI_ENDPOINTS, rerank: '/rerank' },
    keyless: true,
    aliases: ['hosted_vllm'],
  }),
  // No base URL of its own: every Azure resource has one, so AZURE_API_BASE is required.
  providerRow({ name: 'azure', baseUrl: '', auth: 'api-key', endpoints: AZURE_V1_ENDPOINTS }),
];
