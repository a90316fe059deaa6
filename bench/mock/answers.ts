// The mock's answers as bytes made once at the start: OpenAI chat completions, whole and streamed.

/** How the mock behaves; every time is in milliseconds. */
export interface MockOptions {
  readonly port: number;
  /** Wait before a whole answer. */
  readonly delayMs: number;
  /** Wait before the first chunk of a stream. */
  readonly ttftMs: number;
  /** Wait between chunks; 0 writes them as fast as the socket takes them. */
  readonly gapMs: number;
  readonly chunks: number;
  /** Characters of text in each chunk of a stream. */
  readonly chunkChars: number;
  /** Characters of text in a whole answer. */
  readonly answerChars: number;
  /** Share of requests answered with 429 and 500 in turn; 0.05 is one in twenty. */
  readonly errorRate: number;
  readonly promptTokens: number;
  readonly completionTokens: number;
}

export const MOCK_DEFAULTS: MockOptions = {
  port: 0,
  delayMs: 0,
  ttftMs: 25,
  gapMs: 5,
  chunks: 64,
  chunkChars: 24,
  answerChars: 540,
  errorRate: 0,
  promptTokens: 200,
  completionTokens: 64,
};

export interface Answers {
  readonly whole: Buffer;
  readonly rateLimited: Buffer;
  readonly broken: Buffer;
  /** Status line and headers of a stream. */
  readonly streamHead: Buffer;
  /** The text chunks in HTTP chunk framing, one buffer an event. */
  readonly chunks: readonly Buffer[];
  /** Finish event and [DONE]; with the usage chunk before [DONE] when it was asked for. */
  readonly tail: Buffer;
  readonly tailWithUsage: Buffer;
}

const TEXT = 'the quick brown fox jumps over the lazy dog ';
const STREAM_HEAD =
  'HTTP/1.1 200 OK\r\nContent-Type: text/event-stream; charset=utf-8\r\nCache-Control: no-cache\r\nTransfer-Encoding: chunked\r\n\r\n';

export function makeAnswers(options: MockOptions): Answers {
  const usage = {
    prompt_tokens: options.promptTokens,
    completion_tokens: options.completionTokens,
    total_tokens: options.promptTokens + options.completionTokens,
  };
  const base = {
    id: 'chatcmpl-bench',
    object: 'chat.completion.chunk',
    created: 1_790_000_000,
    model: 'gpt-4o-mini',
  };
  const event = (choices: object[], more: object = {}): string =>
    `data: ${JSON.stringify({ ...base, choices, ...more })}\n\n`;
  const text = textOf(options.chunkChars);
  const finish = event([{ index: 0, delta: {}, finish_reason: 'stop' }]);
  const done = 'data: [DONE]\n\n';
  return {
    whole: wholeAnswer(options, usage),
    rateLimited: errorAnswer('429 Too Many Requests', 'rate_limit_exceeded'),
    broken: errorAnswer('500 Internal Server Error', 'server_error'),
    streamHead: Buffer.from(STREAM_HEAD),
    chunks: Array.from({ length: options.chunks }, (_, index) =>
      frame(event([{ index: 0, delta: { content: `${index} ${text}` }, finish_reason: null }])),
    ),
    tail: Buffer.concat([frame(finish), frame(done), Buffer.from('0\r\n\r\n')]),
    tailWithUsage: Buffer.concat([
      frame(finish),
      frame(event([], { usage })),
      frame(done),
      Buffer.from('0\r\n\r\n'),
    ]),
  };
}

function wholeAnswer(options: MockOptions, usage: object): Buffer {
  const message = { role: 'assistant', content: textOf(options.answerChars), refusal: null };
  return jsonAnswer('200 OK', {
    id: 'chatcmpl-bench',
    object: 'chat.completion',
    created: 1_790_000_000,
    model: 'gpt-4o-mini',
    choices: [{ index: 0, message, logprobs: null, finish_reason: 'stop' }],
    usage,
  });
}

function errorAnswer(status: string, type: string): Buffer {
  return jsonAnswer(status, {
    error: { message: `injected by the bench: ${type}`, type, code: null, param: null },
  });
}

function jsonAnswer(status: string, body: object): Buffer {
  const text = JSON.stringify(body);
  return Buffer.from(
    `HTTP/1.1 ${status}\r\nContent-Type: application/json\r\nContent-Length: ${Buffer.byteLength(text)}\r\n\r\n${text}`,
  );
}

function frame(text: string): Buffer {
  return Buffer.from(`${Buffer.byteLength(text).toString(16)}\r\n${text}\r\n`);
}

function textOf(chars: number): string {
  return TEXT.repeat(Math.ceil(chars / TEXT.length)).slice(0, chars);
}
