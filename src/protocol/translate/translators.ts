// Every pair of wire formats that can be translated. The pairs onto Gemini from Anthropic go through chat, both ways.
import type { Dialect } from '../../core/wire.ts';
import { anthropicAnswerToChat } from './anthropic-answer-to-chat.ts';
import { anthropicRequestToChat } from './anthropic-request-to-chat.ts';
import { AnthropicSource } from './anthropic-stream-to-chunks.ts';
import { chatAnswerToAnthropic } from './chat-answer-to-anthropic.ts';
import { chatRequestToAnthropic } from './chat-request-to-anthropic.ts';
import { chatRequestToGemini } from './chat-request-to-gemini.ts';
import { ChatSource } from './chat-stream-to-chunks.ts';
import { AnthropicSink } from './chunks-to-anthropic-stream.ts';
import { createChatSink } from './chunks-to-chat-stream.ts';
import { geminiAnswerToChat } from './gemini-answer-to-chat.ts';
import { GeminiSource } from './gemini-stream-to-chunks.ts';
import { GEMINI_BRIDGE } from './targets.ts';
import { joinStream, type Translator } from './translator.ts';

const CHAT_OVER_ANTHROPIC: Translator = {
  client: 'openai-chat',
  provider: 'anthropic-messages',
  request: chatRequestToAnthropic,
  response: anthropicAnswerToChat,
  createStream: (context) => joinStream(new AnthropicSource(context), createChatSink(context)),
};

const CHAT_OVER_GEMINI: Translator = {
  client: 'openai-chat',
  provider: 'gemini',
  request: chatRequestToGemini,
  response: geminiAnswerToChat,
  createStream: (context) => joinStream(new GeminiSource(context), createChatSink(context)),
};

const ANTHROPIC_OVER_CHAT: Translator = {
  client: 'anthropic-messages',
  provider: 'openai-chat',
  request: (body, context) => anthropicRequestToChat(body, context),
  response: chatAnswerToAnthropic,
  createStream: (context) => joinStream(new ChatSource(), new AnthropicSink(context)),
};

const ANTHROPIC_OVER_GEMINI: Translator = {
  client: 'anthropic-messages',
  provider: 'gemini',
  request: (body, context) => {
    const middle = anthropicRequestToChat(body, context, GEMINI_BRIDGE);
    const last = chatRequestToGemini(middle.body, context);
    return { body: last.body, leftOut: [...new Set([...middle.leftOut, ...last.leftOut])].sort() };
  },
  response: (body, context) => chatAnswerToAnthropic(geminiAnswerToChat(body, context), context),
  createStream: (context) => joinStream(new GeminiSource(context), new AnthropicSink(context)),
};

const TRANSLATORS = [CHAT_OVER_ANTHROPIC, CHAT_OVER_GEMINI, ANTHROPIC_OVER_CHAT, ANTHROPIC_OVER_GEMINI];

/** Null when the pair is not translated; equal formats need none and are relayed byte for byte. */
export function translatorFor(client: Dialect, provider: Dialect): Translator | null {
  return TRANSLATORS.find((each) => each.client === client && each.provider === provider) ?? null;
}
