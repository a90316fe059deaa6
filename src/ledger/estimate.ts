// What to write down when a provider did not say how much was used. Counts characters, never tokenises: it runs on the
// event loop, for streams that were cut. Whatever comes from here is marked `estimated`.
import { NO_USAGE, type TokenUsage } from '../core/token-usage.ts';

/** English text and code come to about four characters a token in every vocabulary in use. */
const CHARS_PER_TOKEN = 4;

export interface Observed {
  /** Size of the request's body as it was sent upstream; its JSON frame is counted in, so prompts err upwards. */
  readonly promptBytes: number;
  /** Characters of output that came before the end (StreamReader.outputChars). */
  readonly outputChars: number;
  /** What the provider had already said, for example Anthropic's `message_start`; null when nothing. */
  readonly said: TokenUsage | null;
}

/** The provider's word where it gave one, an estimate where not; never less output than what was seen. */
export function estimateUsage(observed: Observed): TokenUsage {
  const said = observed.said ?? NO_USAGE;
  const promptTokens = said.promptTokens ?? tokensIn(observed.promptBytes);
  const completionTokens = Math.max(said.completionTokens ?? 0, tokensIn(observed.outputChars));
  return {
    ...said,
    promptTokens,
    completionTokens,
    inputTokens: said.inputTokens ?? promptTokens,
    outputTokens: Math.max(said.outputTokens ?? 0, completionTokens),
  };
}

/** Rounded up, so that a little text is not nothing. */
export function tokensIn(chars: number): number {
  return Math.ceil(chars / CHARS_PER_TOKEN);
}
