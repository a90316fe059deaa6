// Guarantee: many streams at once cost little memory, and callers who hang up leave nothing behind upstream.
import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import { join } from 'node:path';
import { type ScriptedUpstream, startScriptedUpstream } from '../support/scripted-upstream.ts';
import { type SpawnedTollgate, spawnTollgate } from '../support/spawn-tollgate.ts';

const STREAMS = 300;
const CHUNKS = 100;
const HANG_UPS = 10_000;
const HANG_UPS_AT_ONCE = 100;
const RESIDENT_BYTES_MAX = 120e6;

let upstream: FastUpstream;
let hanging: ScriptedUpstream;
let tollgate: SpawnedTollgate;
let key: string;

beforeAll(async () => {
  upstream = startFastUpstream();
  hanging = await startScriptedUpstream(() => ({
    headers: { 'content-type': 'text/event-stream' },
    steps: [{ send: chunkText('x') }, { hang: true }],
  }));
  tollgate = await spawnTollgate({
    FAST_API_KEY: 'sk-fast',
    FAST_API_BASE: `${upstream.url}/v1`,
    HANGING_API_KEY: 'sk-hanging',
    HANGING_API_BASE: `${hanging.url}/v1`,
  });
  await tollgate.run(['user', 'create', 'alice']);
  key = (await tollgate.run(['key', 'create', '--user', 'alice', '--name', 'load'])).stdout.trim();
});

afterAll(async () => {
  await tollgate?.remove();
  await hanging?.stop();
  await upstream?.stop();
});

describe('load', () => {
  test(`${STREAMS} concurrent streams of ${CHUNKS} chunks stay under ${RESIDENT_BYTES_MAX / 1e6} MB`, async () => {
    let peak = 0;
    const sampler = setInterval(async () => {
      peak = Math.max(peak, await tollgate.residentBytes());
    }, 50);
    const lengths = await readStreams();
    clearInterval(sampler);
    expect(upstream.peak()).toBe(STREAMS);
    expect(new Set(lengths)).toEqual(new Set([upstream.streamBytes]));
    console.log(`${STREAMS} streams of ${CHUNKS} chunks: peak resident memory ${(peak / 1e6).toFixed(0)} MB`);
    expect(peak).toBeGreaterThan(0);
    expect(peak).toBeLessThan(RESIDENT_BYTES_MAX);
  }, 60_000);

  test(`${HANG_UPS} hang-ups leave no call and no growth behind`, async () => {
    let halfway = 0;
    for (let done = 0; done < HANG_UPS; done += HANG_UPS_AT_ONCE) {
      await Promise.all(Array.from({ length: HANG_UPS_AT_ONCE }, hangUp));
      if (done === HANG_UPS / 2) halfway = await tollgate.residentBytes();
    }
    const deadline = Date.now() + 10_000;
    while ((hanging.running() > 0 || hanging.sockets() > 0) && Date.now() < deadline) await Bun.sleep(20);
    const resident = await tollgate.residentBytes();
    console.log(
      `${HANG_UPS} hang-ups: ${(resident / 1e6).toFixed(0)} MB resident, ${hanging.sockets()} sockets left`,
    );
    expect(hanging.requests.length).toBe(HANG_UPS);
    expect([hanging.running(), hanging.sockets()]).toEqual([0, 0]);
    // A leak of one connection's buffers per hang-up would show as hundreds of megabytes.
    expect(resident - halfway).toBeLessThan(30e6);
  }, 180_000);
});

const asked = (model: string, signal?: AbortSignal) =>
  fetch(`${tollgate.url}/v1/chat/completions`, {
    method: 'POST',
    headers: { authorization: `Bearer ${key}` },
    body: JSON.stringify({ model, stream: true, stream_options: { include_usage: true }, messages: [] }),
    ...(signal && { signal }),
  });

async function readStreams(): Promise<number[]> {
  const script = join(import.meta.dir, '../support/stream-load.ts');
  const bun = join(import.meta.dir, '../../bin/bun');
  const child = Bun.spawn([bun, script, tollgate.url, key, 'fast/m', String(STREAMS)], { stdout: 'pipe' });
  return JSON.parse(await new Response(child.stdout).text()) as number[];
}

async function hangUp(): Promise<void> {
  const gone = new AbortController();
  const response = await asked('hanging/m', gone.signal);
  const reader = response.body?.getReader();
  await reader?.read();
  gone.abort();
  await reader?.cancel().catch(() => {});
}

function chunkText(content: string): string {
  return `data: {"id":"c","object":"chat.completion.chunk","created":1,"model":"m","choices":[{"index":0,"delta":{"content":"${content}"},"finish_reason":null}]}\n\n`;
}

interface FastUpstream {
  readonly url: string;
  readonly streamBytes: number;
  readonly peak: () => number;
  readonly stop: () => Promise<void>;
}

/** All streams run at once: none goes on before the last one has come. */
function startFastUpstream(): FastUpstream {
  const encoder = new TextEncoder();
  const pieces = [
    ...Array.from({ length: CHUNKS - 2 }, (_, index) => chunkText(`word ${index} `)),
    chunkText('').replace('"finish_reason":null', '"finish_reason":"stop"'),
    'data: [DONE]\n\n',
  ].map((piece) => encoder.encode(piece));
  let running = 0;
  let peak = 0;
  const all = Promise.withResolvers<void>();
  const server = Bun.serve({
    hostname: '127.0.0.1',
    port: 0,
    idleTimeout: 0,
    fetch: () => {
      running += 1;
      peak = Math.max(peak, running);
      if (running === STREAMS) all.resolve();
      let at = 0;
      const body = new ReadableStream({
        pull: async (controller) => {
          await all.promise;
          const piece = pieces[at++];
          if (!piece) return controller.close();
          await Bun.sleep(5);
          controller.enqueue(piece);
        },
      });
      return new Response(body, { headers: { 'content-type': 'text/event-stream' } });
    },
  });
  return {
    url: `http://127.0.0.1:${server.port}`,
    streamBytes: pieces.reduce((sum, piece) => sum + piece.byteLength, 0),
    peak: () => peak,
    stop: () => server.stop(true),
  };
}
