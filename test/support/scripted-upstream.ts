// Stands in for a provider: plays a script over real HTTP on loopback and keeps its own account of what it was asked.
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { createServer as createSecureServer } from 'node:https';
import type { AddressInfo, Socket } from 'node:net';
import { asObject, type JsonObject, parseJson } from '../../src/lib/json.ts';
import { localhostCertificate, ON_HTTPS } from './on-https.ts';

export interface UpstreamRequest {
  readonly method: string;
  /** With the query. */
  readonly path: string;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly body: string;
  readonly json: JsonObject | null;
}

export type Step =
  | { readonly send: string | Uint8Array }
  | { readonly waitMs: number }
  /** Destroys the connection without an end. */
  | { readonly cut: true }
  /** Never goes on; ends when the caller leaves. */
  | { readonly hang: true };

export interface ScriptedAnswer {
  readonly status?: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly steps: readonly Step[];
  /** Says nothing at all, not even headers, before these steps. */
  readonly before?: readonly Step[];
}

export type Script = (request: UpstreamRequest, index: number) => ScriptedAnswer | Promise<ScriptedAnswer>;

export interface ScriptedUpstream {
  /** `http://127.0.0.1:port`, or `https://localhost:port` where providers are on https. */
  readonly url: string;
  readonly requests: readonly UpstreamRequest[];
  /** Answers under way now. */
  readonly running: () => number;
  /** Connections open now. */
  readonly sockets: () => number;
  /** Answers whose caller left before their end. */
  readonly abandoned: () => number;
  readonly play: (script: Script) => void;
  readonly stop: () => Promise<void>;
}

export async function startScriptedUpstream(script: Script): Promise<ScriptedUpstream> {
  const state = { script, running: 0, abandoned: 0 };
  const requests: UpstreamRequest[] = [];
  const sockets = new Set<Socket>();
  const onRequest = (incoming: IncomingMessage, outgoing: ServerResponse) => {
    state.running += 1;
    outgoing.on('close', () => {
      state.running -= 1;
      if (!outgoing.writableEnded) state.abandoned += 1;
    });
    answer(incoming, outgoing).catch(() => outgoing.destroy());
  };
  const server = ON_HTTPS ? createSecureServer(localhostCertificate(), onRequest) : createServer(onRequest);
  server.on(ON_HTTPS ? 'secureConnection' : 'connection', (socket: Socket) => {
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
  });
  server.keepAliveTimeout = 60_000;

  async function answer(incoming: IncomingMessage, outgoing: ServerResponse): Promise<void> {
    const request = await readRequest(incoming);
    requests.push(request);
    const {
      status = 200,
      headers = {},
      before = [],
      steps,
    } = await state.script(request, requests.length - 1);
    if (!(await playSteps(before, outgoing))) return;
    outgoing.writeHead(status, { 'content-type': 'application/json', ...headers });
    outgoing.flushHeaders();
    if (await playSteps(steps, outgoing)) outgoing.end();
  }

  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `${ON_HTTPS ? 'https://localhost' : 'http://127.0.0.1'}:${(server.address() as AddressInfo).port}`,
    requests,
    running: () => state.running,
    sockets: () => sockets.size,
    abandoned: () => state.abandoned,
    play: (next) => {
      state.script = next;
    },
    stop: async () => {
      for (const socket of sockets) socket.destroy();
      server.close();
    },
  };
}

/** False when the connection is gone or was cut. */
async function playSteps(steps: readonly Step[], outgoing: ServerResponse): Promise<boolean> {
  for (const step of steps) {
    if (outgoing.destroyed) return false;
    if ('send' in step) {
      if (!outgoing.write(step.send)) await untilDrained(outgoing);
    } else if ('waitMs' in step) await Bun.sleep(step.waitMs);
    else if ('cut' in step) {
      outgoing.socket?.destroy();
      outgoing.destroy();
      return false;
    } else {
      await new Promise<void>((resolve) => outgoing.on('close', resolve));
      return false;
    }
  }
  return !outgoing.destroyed;
}

function untilDrained(outgoing: ServerResponse): Promise<void> {
  return new Promise((resolve) => {
    outgoing.once('drain', resolve);
    outgoing.once('close', resolve);
  });
}

async function readRequest(incoming: IncomingMessage): Promise<UpstreamRequest> {
  const parts: Uint8Array[] = [];
  for await (const part of incoming) parts.push(part as Uint8Array);
  const body = Buffer.concat(parts).toString('utf8');
  return {
    method: incoming.method ?? '',
    path: incoming.url ?? '',
    headers: incoming.headers,
    body,
    json: asObject(parseJson(body)),
  };
}

export function jsonAnswer(
  body: unknown,
  status = 200,
  headers: Readonly<Record<string, string>> = {},
): ScriptedAnswer {
  return { status, headers, steps: [{ send: JSON.stringify(body) }] };
}

export interface StreamOptions {
  readonly gapMs?: number;
  /** Steps after the last piece, for example a cut. */
  readonly end?: readonly Step[];
}

/** An event stream of the given pieces, each written at once. */
export function streamAnswer(
  pieces: readonly (string | Uint8Array)[],
  options: StreamOptions = {},
): ScriptedAnswer {
  const { gapMs = 0, end = [] } = options;
  const steps: Step[] = pieces.flatMap((send) => (gapMs > 0 ? [{ waitMs: gapMs }, { send }] : [{ send }]));
  return { headers: { 'content-type': 'text/event-stream' }, steps: [...steps, ...end] };
}

/** A chat completion of the given text with the given numbers. */
export function chatCompletion(
  text: string,
  usage = { prompt_tokens: 11, completion_tokens: 7 },
): JsonObject {
  return {
    id: 'chatcmpl-scripted',
    object: 'chat.completion',
    created: 1_767_225_600,
    model: 'scripted-2026',
    choices: [
      {
        index: 0,
        message: { role: 'assistant', content: text, refusal: null },
        logprobs: null,
        finish_reason: 'stop',
      },
    ],
    usage: { ...usage, total_tokens: usage.prompt_tokens + usage.completion_tokens },
  };
}

/** The pieces of a chat stream: one event per word, finish, usage (when given), [DONE]. */
export function chatStream(
  words: readonly string[],
  usage: { prompt_tokens: number; completion_tokens: number } | null = {
    prompt_tokens: 11,
    completion_tokens: 7,
  },
): string[] {
  const head = {
    id: 'chatcmpl-scripted',
    object: 'chat.completion.chunk',
    created: 1,
    model: 'scripted-2026',
  };
  const chunk = (delta: object, finish: string | null) =>
    `data: ${JSON.stringify({ ...head, choices: [{ index: 0, delta, finish_reason: finish }] })}\n\n`;
  return [
    chunk({ role: 'assistant', content: '' }, null),
    ...words.map((content) => chunk({ content }, null)),
    chunk({}, 'stop'),
    ...(usage
      ? [
          `data: ${JSON.stringify({ ...head, choices: [], usage: { ...usage, total_tokens: usage.prompt_tokens + usage.completion_tokens } })}\n\n`,
        ]
      : []),
    'data: [DONE]\n\n',
  ];
}
