// How a chat request's wish for reasoning is told to Claude: by budget or by effort, or not at all where it would be refused.
import { asObject, asString, type Json, type JsonObject } from '../../lib/json.ts';
import { objectsOf } from './reasoning.ts';
import type { ClaudeTraits } from './targets.ts';

/** Least that `budget_tokens` may be. */
const THINKING_BUDGET_MIN = 1_024;
const BUDGETS: Readonly<Record<string, number>> = {
  minimal: 1_024,
  low: 2_048,
  medium: 8_192,
  high: 16_384,
  xhigh: 32_000,
};

export interface ThinkingChoice {
  readonly thinking: JsonObject | null;
  readonly outputConfig: JsonObject;
  /** Tokens that thinking may take, on top of the room for the answer. */
  readonly budget: number;
}

const NO_THINKING: ThinkingChoice = { thinking: null, outputConfig: {}, budget: 0 };

export function thinkingToAnthropic(of: {
  body: JsonObject;
  traits: ClaudeTraits;
  messages: JsonObject[];
  leftOut: Set<string>;
}): ThinkingChoice {
  const { body, traits, leftOut } = of;
  const given = asObject(body.thinking);
  if (given) return { ...NO_THINKING, thinking: given };
  const reasoning = asObject(body.reasoning);
  const effort = asString(body.reasoning_effort) ?? asString(reasoning?.effort);
  const wished = typeof reasoning?.max_tokens === 'number' ? reasoning.max_tokens : null;
  if ((effort === null && wished === null) || effort === 'none') return NO_THINKING;
  if (traits.thinking === 'none' || isForced(body.tool_choice) || lacksThinking(of.messages)) {
    leftOut.add('reasoning_effort');
    return NO_THINKING;
  }
  if (traits.thinking === 'adaptive') {
    const level = effort === 'minimal' ? 'low' : (effort ?? 'medium');
    return { ...NO_THINKING, thinking: { type: 'adaptive' }, outputConfig: { effort: level } };
  }
  return budgeted(wished ?? BUDGETS[effort ?? 'medium'] ?? THINKING_BUDGET_MIN, body);
}

/** The budget must be below `max_tokens`; a bound too small for any thinking leaves it out. */
function budgeted(wish: number, body: JsonObject): ThinkingChoice {
  const bound = body.max_completion_tokens ?? body.max_tokens;
  const budget = Math.max(THINKING_BUDGET_MIN, typeof bound === 'number' ? Math.min(wish, bound - 1) : wish);
  if (typeof bound === 'number' && bound <= budget) return NO_THINKING;
  return { thinking: { type: 'enabled', budget_tokens: budget }, outputConfig: {}, budget };
}

/** Thinking and a forced tool exclude each other. */
function isForced(choice: Json | undefined): boolean {
  return choice === 'required' || asObject(choice) !== null;
}

/** In the middle of a tool loop Anthropic wants the turn's thinking back; a client that did not keep it goes on without. */
function lacksThinking(messages: JsonObject[]): boolean {
  const turn = objectsOf(messages.findLast((message) => message.role === 'assistant')?.content);
  const last = objectsOf(messages.at(-1)?.content);
  if (!last.some((block) => block.type === 'tool_result')) return false;
  return turn.some((block) => block.type === 'tool_use') && !/thinking$/.test(String(turn[0]?.type));
}
