// Guarantee: no commit makes a request, a chunk or an hour much dearer than the same machine says it should be.
// Ratios only, between runs that take turns on the same cores: they hold on a slow or busy machine, times would not.
// Each threshold is about half as much again as was measured when it was set (docs/performance.md).
import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { chatBody } from './bodies.ts';
import { connect, requestBytes } from './driver/connection.ts';
import { runClosedLoop } from './driver/run-requests.ts';
import { runStreams } from './driver/run-streams.ts';
import { median } from './driver/samples.ts';
import { KILOBYTE } from './matrix.ts';
import { startMockProcess } from './run-matrix.ts';
import { bareBun } from './rungs/bare-bun.ts';
import type { Running, Surroundings } from './rungs/system.ts';
import { tollgate, tollgateBare } from './rungs/tollgate.ts';
import { soak } from './soak.ts';
import { readProcessUsage } from './system/process-usage.ts';
import type { Started } from './system/start-process.ts';

const DRIVER_CORE = 0;
const SYSTEM_CORE = 1;
const ROUNDS = 3;
const ROUND_MS = 2_500;
const TEST_MS = 180_000;

const CERTIFICATES = join(import.meta.dir, '../test/support/certificates');
/** For `localhost`. */
const CERTIFICATE = {
  certificatePath: join(CERTIFICATES, 'localhost.pem'),
  keyPath: join(CERTIFICATES, 'localhost.key'),
};

/** Everything on against authentication only, CPU per whole answer. */
const EVERYTHING_RATIO_MAX = 2.4;
/** Tollgate against a bare relay in the same runtime, CPU per streamed chunk. */
const CHUNK_RATIO_MAX = 2;
/** Memory at the end of a short soak against memory after its first third. */
const MEMORY_RATIO_MAX = 1.35;

let folder: string;
let mock: { port: number; process: Started };
let surroundings: Surroundings;
const started: Running[] = [];

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'tollgate-gates-'));
  mock = await startMockProcess({ ttftMs: 10, gapMs: 5, chunks: 64 }, DRIVER_CORE);
  surroundings = {
    constantPort: mock.port,
    mockPort: mock.port,
    folder,
    core: SYSTEM_CORE,
    cacheFolder: folder,
  };
}, TEST_MS);

afterAll(async () => {
  for (const running of started) await running.stop();
  await mock.process.stop();
  rmSync(folder, { recursive: true, force: true });
}, TEST_MS);

async function start(system: { start: typeof tollgate.start }): Promise<Running> {
  const running = await system.start(surroundings, 'mock');
  started.push(running);
  return running;
}

function requestTo(running: Pick<Running, 'path' | 'headers' | 'model'>, stream: boolean): Buffer {
  const body = chatBody({ model: running.model, bytes: KILOBYTE, stream });
  return requestBytes({ path: running.path, headers: running.headers, body });
}

async function cpuPerRequest(running: Running): Promise<number> {
  const before = readProcessUsage(running.pid).cpuUs;
  const load = {
    port: running.port,
    request: requestTo(running, false),
    connections: 32,
    durationMs: ROUND_MS,
  };
  const result = await runClosedLoop(load);
  expect(result.statuses).toEqual({ 200: result.answered });
  return (readProcessUsage(running.pid).cpuUs - before) / result.answered;
}

async function cpuPerChunk(running: Running): Promise<number> {
  const before = readProcessUsage(running.pid).cpuUs;
  const load = { port: running.port, request: requestTo(running, true), streams: 48, durationMs: ROUND_MS };
  const result = await runStreams(load);
  expect(result.failed).toBe(0);
  return (readProcessUsage(running.pid).cpuUs - before) / result.events;
}

/** The middle of a few rounds in turn, after one that warms both up. */
async function ratio(
  over: Running,
  under: Running,
  cost: (running: Running) => Promise<number>,
): Promise<number> {
  const ratios: number[] = [];
  for (let round = 0; round <= ROUNDS; round++) {
    const [dear, cheap] = [await cost(over), await cost(under)];
    if (round > 0) ratios.push(dear / cheap);
  }
  console.log(`ratios ${ratios.map((each) => each.toFixed(2)).join(', ')}`);
  return median(ratios);
}

describe('gates', () => {
  test(
    'limits and a durable ledger cost no more than the request itself, twice',
    async () => {
      const everything = await start(tollgate);
      const bare = await start(tollgateBare);
      expect(await ratio(everything, bare, cpuPerRequest)).toBeLessThan(EVERYTHING_RATIO_MAX);
    },
    TEST_MS,
  );

  test(
    'a streamed chunk costs little more than a bare relay in the same runtime',
    async () => {
      const [everything] = started;
      if (!everything) throw new Error('Tollgate was not started');
      const floor = await start(bareBun);
      expect(await ratio(everything, floor, cpuPerChunk)).toBeLessThan(CHUNK_RATIO_MAX);
    },
    TEST_MS,
  );

  test(
    'bytes out equal bytes in, whole and streamed',
    async () => {
      const [everything] = started;
      if (!everything) throw new Error('Tollgate was not started');
      const direct = { port: mock.port, path: everything.path, headers: {}, model: 'gpt-4o-mini' };
      for (const stream of [false, true]) {
        const through = await bodyDigest(everything.port, requestWithUsage(everything, stream));
        const straight = await bodyDigest(direct.port, requestWithUsage(direct, stream));
        expect(through).toEqual(straight);
      }
    },
    TEST_MS,
  );

  test.each([
    ['http', null],
    ['https', CERTIFICATE],
  ])(
    'memory is flat under streams that are cut by their clients, the provider on %s',
    async (_, certificate) => {
      const load = { durationMs: 24_000, sampleMs: 3_000, perSecond: 50, streams: 20, core: SYSTEM_CORE };
      const samples = await soak({ ...load, certificate, onSample: () => {} });
      const third = samples[Math.floor(samples.length / 3)];
      const last = samples.at(-1);
      console.log(`RSS MB ${samples.map((each) => each.rssMb.toFixed(0)).join(', ')}`);
      expect(last?.aborted).toBeGreaterThan(20);
      expect(last?.failed).toBe(0);
      expect((last?.rssMb ?? 0) / (third?.rssMb ?? 1)).toBeLessThan(MEMORY_RATIO_MAX);
      expect(last?.upstreamOpen).toBeLessThan(80);
    },
    TEST_MS,
  );
});

/** The caller asks for the usage chunk itself, so that nothing has to be withheld. */
function requestWithUsage(running: Pick<Running, 'path' | 'headers' | 'model'>, stream: boolean): Buffer {
  const body = JSON.parse(chatBody({ model: running.model, bytes: KILOBYTE, stream })) as object;
  const asked = stream ? { ...body, stream_options: { include_usage: true } } : body;
  return requestBytes({ path: running.path, headers: running.headers, body: JSON.stringify(asked) });
}

async function bodyDigest(
  port: number,
  request: Buffer,
): Promise<{ status: number; bytes: number; digest: string }> {
  const connection = await connect(port);
  const hash = new Bun.CryptoHasher('sha256');
  let bytes = 0;
  const status = await new Promise<number>((resolve) =>
    connection.send(request, {
      onBody: (piece) => {
        hash.update(piece);
        bytes += piece.length;
      },
      onEnd: resolve,
      onBroken: () => resolve(0),
    }),
  );
  connection.close();
  return { status, bytes, digest: hash.digest('hex') };
}
