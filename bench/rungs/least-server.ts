// The process behind rung R3b; see least.ts. Started with the upstream's port and a folder for its data.
import { join } from 'node:path';
import { NO_USAGE, type TokenUsage } from '../../src/core/token-usage.ts';
import { createLedger } from '../../src/ledger/create-ledger.ts';
import { newId } from '../../src/lib/id.ts';
import { silentLog } from '../../src/lib/log.ts';
import { latin1IndexOf, utf8Slice } from '../../src/lib/raw-text.ts';
import { openStore } from '../../src/store/open-store.ts';
import { askUpstream } from './least-upstream.ts';
import { BENCH_TOKEN } from './system.ts';

const [port, folder] = [Number(process.argv[2]), process.argv[3] ?? ''];
const store = await openStore({ path: join(folder, 'tollgate.db'), mode: 'threaded' });
const ledger = await createLedger({ dataDir: folder, store, log: silentLog });

interface Key {
  readonly id: string;
  readonly userId: string;
  requests: number;
  underWay: number;
  tokens: number;
  nanoUsd: number;
}

/** What its owner may do in all, never reached: four comparisons. */
const MOST = { requests: 1e9, underWay: 1e6, tokens: 1e15, nanoUsd: 9e15 };
const keys = new Map<string, Key>([
  [
    digest(`Bearer ${BENCH_TOKEN}`),
    { id: 'key_1', userId: 'usr_1', requests: 0, underWay: 0, tokens: 0, nanoUsd: 0 },
  ],
]);

function digest(header: string): string {
  return new Bun.CryptoHasher('sha256', 'pepper').update(header).digest('base64');
}

function admit(key: Key): boolean {
  const { requests, underWay, tokens, nanoUsd } = key;
  if (requests >= MOST.requests || underWay >= MOST.underWay) return false;
  if (tokens >= MOST.tokens || nanoUsd >= MOST.nanoUsd) return false;
  key.requests += 1;
  key.underWay += 1;
  return true;
}

interface Asked {
  readonly key: Key;
  readonly id: string;
  readonly model: string;
  readonly stream: boolean;
  readonly timeMs: number;
  readonly startedMs: number;
}

interface SaidUsage {
  readonly prompt_tokens: number;
  readonly completion_tokens: number;
}

const NOTHING_SAID: SaidUsage = { prompt_tokens: 0, completion_tokens: 0 };

function settle(asked: Asked, status: number, said: SaidUsage): Promise<void> | null {
  const { key, id, model, timeMs } = asked;
  const { prompt_tokens: promptTokens, completion_tokens: completionTokens } = said;
  const usage: TokenUsage = { ...NO_USAGE, promptTokens, completionTokens };
  const costNanoUsd = promptTokens * 150 + completionTokens * 600;
  key.underWay -= 1;
  key.tokens += promptTokens + completionTokens;
  key.nanoUsd += costNanoUsd;
  const durationMs = performance.now() - asked.startedMs;
  const outcome = status === 200 ? 'final' : 'error';
  const ended = { outcome, status, usage, provenance: 'provider', costNanoUsd } as const;
  const attempt = {
    ...ended,
    id: id.replace('req', 'att'),
    ordinal: 1,
    startedMs: timeMs,
    provider: 'openai',
    credentialId: 'crd_1',
    model: 'gpt-4o-mini',
    failure: null,
    firstByteMs: durationMs,
    durationMs,
    errorMessage: null,
  };
  ledger.settle({
    ...ended,
    id,
    timeMs,
    requestId: id,
    userId: key.userId,
    keyId: key.id,
    clientSessionId: null,
    tags: [],
    endpoint: 'chat',
    provider: 'openai',
    modelAsked: model,
    modelServed: 'gpt-4o-mini',
    streamed: asked.stream,
    unpriced: false,
    priceVersion: '1',
    heldNanoUsd: null,
    heldTokens: null,
    firstByteMs: durationMs,
    durationMs,
    finishReason: 'stop',
    errorType: null,
    errorMessage: null,
    attempts: [attempt],
  });
  return ledger.confirmed();
}

const server = Bun.serve({
  hostname: '127.0.0.1',
  port: 0,
  idleTimeout: 0,
  async fetch(request) {
    const key = keys.get(digest(request.headers.get('authorization') ?? ''));
    if (!key) return new Response(null, { status: 401 });
    const text = await request.text();
    const { model, stream } = JSON.parse(text) as { model: string; stream?: boolean };
    if (!admit(key)) return new Response(null, { status: 429 });
    const times = { timeMs: Date.now(), startedMs: performance.now() };
    const asked = { key, id: newId('req'), model, stream: stream === true, ...times };
    // The provider's own name stands behind the slash.
    const body = text.replace(model, model.slice(model.indexOf('/') + 1));
    return asked.stream ? relayed(asked, body) : whole(asked, body);
  },
});
console.log(`listening on http://127.0.0.1:${server.port}`);
process.on('SIGTERM', () => process.exit(0));

function whole(asked: Asked, body: string): Promise<Response> {
  return new Promise((resolve, reject) => {
    const parts: Uint8Array[] = [];
    let answer = { status: 0, type: '' };
    const end = async () => {
      const bytes = parts.length === 1 ? (parts[0] as Uint8Array) : Buffer.concat(parts);
      const text = utf8Slice(bytes, 0, bytes.length);
      const { usage } = JSON.parse(text) as { usage?: SaidUsage };
      const written = settle(asked, answer.status, usage ?? NOTHING_SAID);
      if (written) await written;
      const { status, type } = answer;
      resolve(new Response(text, { status, headers: { 'content-type': type } }));
    };
    const head = (status: number, type: string) => {
      answer = { status, type };
    };
    askUpstream(port, body, { head, data: (bytes) => parts.push(bytes), end }).catch(reject);
  });
}

/** Looks for the usage in every chunk, as bytes, and settles before the answer ends. */
function relayed(asked: Asked, body: string): Promise<Response> {
  return new Promise((resolve, reject) => {
    let waiting: Uint8Array[] = [];
    let controller: { write: (bytes: Uint8Array) => unknown; close: () => void } | null = null;
    let finished = () => {};
    let gone = false;
    let answered = 0;
    let usage = NOTHING_SAID;
    const data = (bytes: Uint8Array) => {
      const at = latin1IndexOf(bytes, '"usage":{', 0);
      if (at >= 0) usage = usageAt(bytes, at);
      if (controller) controller.write(bytes);
      else if (!gone) waiting.push(bytes);
    };
    const end = async () => {
      const written = settle(asked, answered, usage);
      if (written) await written;
      controller?.close();
      finished();
    };
    const source: Bun.DirectUnderlyingSource<Uint8Array> = {
      type: 'direct',
      pull: (given) => {
        controller = given as unknown as NonNullable<typeof controller>;
        for (const bytes of waiting) controller.write(bytes);
        waiting = [];
        return new Promise<void>((done) => {
          finished = done;
        });
      },
      cancel: () => {
        gone = true;
        controller = null;
      },
    };
    const head = (status: number, type: string) => {
      answered = status;
      const headers = { 'content-type': type };
      resolve(new Response(new ReadableStream<Uint8Array>(source), { status, headers }));
    };
    askUpstream(port, body, { head, data, end }).catch(reject);
  });
}

function usageAt(bytes: Uint8Array, at: number): SaidUsage {
  const from = at + '"usage":'.length;
  return JSON.parse(utf8Slice(bytes, from, latin1IndexOf(bytes, '}', from) + 1)) as SaidUsage;
}
