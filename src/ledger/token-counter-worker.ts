// The thread that tokenises: the vocabulary costs 80 MB and large texts whole milliseconds, neither of which the event
// loop may pay. Speaks the messages of token-counter.ts.
import { countTokens } from 'gpt-tokenizer/encoding/o200k_base';
import type { CountReply, CountRequest } from './token-counter.ts';

declare const self: Worker;

/** Words that steer a model are only text here: a caller may write them in a prompt. */
const AS_TEXT = { disallowedSpecial: new Set<string>() };

self.onmessage = (event: MessageEvent<CountRequest>) => {
  const { id, texts } = event.data;
  const tokens = texts.reduce((sum, text) => sum + countTokens(text, AS_TEXT), 0);
  self.postMessage({ id, tokens } satisfies CountReply);
};
