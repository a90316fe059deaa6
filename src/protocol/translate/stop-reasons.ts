// Why a model stopped, from each format's words to the others'. The provider's own word travels as `native_finish_reason`.

const FROM_ANTHROPIC: Readonly<Record<string, string>> = {
  end_turn: 'stop',
  stop_sequence: 'stop',
  pause_turn: 'stop',
  max_tokens: 'length',
  model_context_window_exceeded: 'length',
  tool_use: 'tool_calls',
  refusal: 'content_filter',
};

const FROM_GEMINI: Readonly<Record<string, string>> = {
  STOP: 'stop',
  MAX_TOKENS: 'length',
};

/** Gemini's reasons that are no fault of the content filter and yet no clean stop. */
const GEMINI_STOPS = new Set([
  'OTHER',
  'FINISH_REASON_UNSPECIFIED',
  'MALFORMED_FUNCTION_CALL',
  'UNEXPECTED_TOOL_CALL',
]);

const TO_ANTHROPIC: Readonly<Record<string, string>> = {
  stop: 'end_turn',
  length: 'max_tokens',
  model_length: 'max_tokens',
  tool_calls: 'tool_use',
  function_call: 'tool_use',
  content_filter: 'refusal',
};

export function chatFinishFromAnthropic(reason: string | null): string {
  return FROM_ANTHROPIC[reason ?? ''] ?? 'stop';
}

/** A blocked prompt and every kind of content stop are `content_filter`; a call makes any clean stop `tool_calls`. */
export function chatFinishFromGemini(reason: string, hasCalls: boolean): string {
  const known = FROM_GEMINI[reason] ?? (GEMINI_STOPS.has(reason) ? 'stop' : 'content_filter');
  return known === 'stop' && hasCalls ? 'tool_calls' : known;
}

/** The provider's own word wins when it is one of Anthropic's; a tool call makes a plain stop `tool_use`. */
export function anthropicStop(finish: string | null, native: string | null, hasCalls: boolean): string {
  if (native !== null && FROM_ANTHROPIC[native] !== undefined) return native;
  const stop = TO_ANTHROPIC[finish ?? ''] ?? 'end_turn';
  return stop === 'end_turn' && hasCalls ? 'tool_use' : stop;
}
