// Which optional chat fields each OpenAI-shaped provider takes, as data. An unlisted provider gets the plain fields only.
// Sources: the providers' own API references (November 2026); a field that is refused there would fail every request.
import type { Json } from '../../lib/json.ts';

export interface ChatTarget {
  /** Reasoning models of OpenAI and Azure refuse `max_tokens`; the others know only that. */
  readonly maxTokensField: 'max_tokens' | 'max_completion_tokens';
  /** Takes `cache_control` marks on content parts and tools; elsewhere prefixes are cached unasked. */
  readonly cacheControl: boolean;
  readonly topK: boolean;
  /** Takes `user`; a strict server answers 422 to fields it does not know. */
  readonly user: boolean;
  readonly parallelToolCalls: boolean;
  readonly toolCallIds: 'any' | 'nine-chars';
  readonly serviceTier: boolean;
  /** Documents may be given by URL. */
  readonly documentUrls: boolean;
  readonly stopSequencesMax: number;
  /** Field of assistant messages in which a provider gets its own reasoning back. */
  readonly reasoningField: 'reasoning_content' | 'reasoning' | null;
  /** Form in which thinking is asked for. */
  readonly reasoning: 'effort' | 'openrouter' | 'none';
  /** Models that take `reasoning_effort`; others refuse it. */
  readonly reasoningModels: RegExp;
}

const PLAIN: ChatTarget = {
  maxTokensField: 'max_tokens',
  cacheControl: false,
  topK: false,
  user: true,
  parallelToolCalls: true,
  toolCallIds: 'any',
  serviceTier: false,
  documentUrls: false,
  stopSequencesMax: 4,
  reasoningField: 'reasoning_content',
  reasoning: 'effort',
  reasoningModels: /^$/,
};

const OPENAI: ChatTarget = {
  ...PLAIN,
  maxTokensField: 'max_completion_tokens',
  serviceTier: true,
  reasoningField: null,
  reasoningModels: /^(o[134](-|$)|gpt-(?:[5-9]|oss))/,
};

const TARGETS: Readonly<Record<string, ChatTarget>> = {
  openai: OPENAI,
  azure: { ...OPENAI, serviceTier: false },
  openrouter: {
    ...PLAIN,
    cacheControl: true,
    topK: true,
    documentUrls: true,
    reasoningField: 'reasoning',
    reasoning: 'openrouter',
  },
  groq: { ...PLAIN, reasoningField: 'reasoning', reasoningModels: /gpt-oss/ },
  mistral: { ...PLAIN, user: false, reasoningField: null, toolCallIds: 'nine-chars' },
  deepseek: { ...PLAIN, user: false, parallelToolCalls: false },
  xai: { ...PLAIN, reasoningModels: /grok-3-mini|grok-4\.\d/ },
  together: { ...PLAIN, topK: true, reasoningModels: /gpt-oss/ },
  fireworks: { ...PLAIN, topK: true, reasoningModels: /gpt-oss/ },
  vllm: { ...PLAIN, topK: true, reasoningModels: /gpt-oss/ },
  cerebras: { ...PLAIN, reasoningModels: /gpt-oss/ },
  cohere: { ...PLAIN, user: false, parallelToolCalls: false },
  perplexity: { ...PLAIN, user: false, parallelToolCalls: false },
};

/** The middle form on the way from Anthropic's format to Gemini's: everything that Gemini can take stays in it. */
export const GEMINI_BRIDGE: ChatTarget = {
  ...PLAIN,
  topK: true,
  user: false,
  documentUrls: true,
  stopSequencesMax: 5,
  reasoningModels: /./,
};

export function chatTarget(provider: string): ChatTarget {
  return TARGETS[provider] ?? PLAIN;
}

/** The most a model can write, where asking for more is refused. Clients ask for what Claude can: 128,000. */
const OUTPUT_MAX: readonly (readonly [provider: RegExp, model: RegExp, tokens: number])[] = [
  [/^(openai|azure)$/, /^gpt-(3\.5|4-)/, 4_096],
  [/^(openai|azure)$/, /^(chat)?gpt-4o/, 16_384],
  [/^(openai|azure)$/, /^gpt-4\.1/, 32_768],
  [/^(openai|azure)$/, /^o[134](-|$)/, 100_000],
  [/^deepseek$/, /chat/, 8_192],
  [/^deepseek$/, /reasoner/, 65_536],
  [/^gemini$/, /gemini-(1|2\.0)/, 8_192],
  [/^gemini$/, /./, 65_536],
];

/** What was asked for, or less where the model is known to give less. */
export function boundOutput(asked: Json | undefined, provider: string, model: string): Json | undefined {
  const known = OUTPUT_MAX.find((row) => row[0].test(provider) && row[1].test(model))?.[2];
  return typeof asked === 'number' && known !== undefined ? Math.min(asked, known) : asked;
}

/** What a Claude model takes; a request that asks for what it refuses would be a 400. */
export interface ClaudeTraits {
  /** `budget`: thinking with `budget_tokens`; `adaptive`: with `output_config.effort`. */
  readonly thinking: 'none' | 'budget' | 'adaptive';
  /** From Opus 4.7 on `temperature`, `top_p` and `top_k` are refused. */
  readonly sampling: boolean;
}

export function claudeTraits(model: string): ClaudeTraits {
  if (/claude-(instant|2|3-(opus|sonnet|haiku|5))/.test(model)) return { thinking: 'none', sampling: true };
  if (/claude-(3-7|haiku-4-5|(opus|sonnet)-4(-[015])?(-\d{8}|-latest|@|$))/.test(model))
    return { thinking: 'budget', sampling: true };
  if (/claude-(opus|sonnet)-4-6/.test(model)) return { thinking: 'adaptive', sampling: true };
  return { thinking: 'adaptive', sampling: !/claude-/.test(model) };
}
