// `npm run bench:soak -- --minutes 30`: modest load for a long time, one stream in five cut by its client. Writes down
// memory, descriptors and the provider's open connections as it goes, and their slope at the end. Row J of the method. With
// `--https 1` the provider is on https.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { chatBody } from './bodies.ts';
import { requestBytes } from './driver/connection.ts';
import { runOpenLoop } from './driver/run-requests.ts';
import { runStreams } from './driver/run-streams.ts';
import { KILOBYTE } from './matrix.ts';
import { startMockProcess } from './run-matrix.ts';
import type { Running } from './rungs/system.ts';
import { tollgate } from './rungs/tollgate.ts';
import { pinSelf } from './system/machine.ts';
import { type Certificate, makeCertificate } from './system/make-certificate.ts';
import { readProcessUsage } from './system/process-usage.ts';

/** One line of the record. */
export interface SoakSample {
  readonly minutes: number;
  readonly rssMb: number;
  readonly descriptors: number;
  readonly upstreamOpen: number;
  readonly requests: number;
  readonly streams: number;
  readonly aborted: number;
  readonly failed: number;
}

export interface SoakOptions {
  readonly durationMs: number;
  readonly sampleMs: number;
  readonly perSecond: number;
  readonly streams: number;
  readonly core: number;
  /** Of a provider on https, for `localhost`; null for one on http. */
  readonly certificate: Certificate | null;
  readonly onSample: (sample: SoakSample) => void;
}

const MOCK = { ttftMs: 50, gapMs: 20, chunks: 40 };

export async function soak(options: SoakOptions): Promise<SoakSample[]> {
  const folder = mkdtempSync(join(tmpdir(), 'tollgate-soak-'));
  const { core, certificate } = options;
  const mock = await startMockProcess(MOCK, core, certificate ?? undefined);
  const surroundings = {
    constantPort: mock.port,
    mockPort: mock.port,
    tls: certificate && {
      constantPort: mock.tlsPort,
      mockPort: mock.tlsPort,
      certificatePath: certificate.certificatePath,
    },
    folder,
    core,
    cacheFolder: folder,
  };
  const running = await tollgate.start(surroundings, certificate ? 'mock-tls' : 'mock');
  try {
    return await drive(options, running, mock.port);
  } finally {
    await running.stop();
    await mock.process.stop();
    rmSync(folder, { recursive: true, force: true });
  }
}

async function drive(options: SoakOptions, running: Running, mockPort: number): Promise<SoakSample[]> {
  const samples: SoakSample[] = [];
  const totals = { requests: 0, streams: 0, aborted: 0, failed: 0 };
  const startMs = performance.now();
  const request = (stream: boolean) =>
    requestBytes({
      path: running.path,
      headers: running.headers,
      body: chatBody({ model: running.model, bytes: KILOBYTE, stream }),
    });
  while (performance.now() - startMs < options.durationMs) {
    const [whole, streamed] = await Promise.all([
      runOpenLoop({
        port: running.port,
        request: request(false),
        ratePerSecond: options.perSecond,
        durationMs: options.sampleMs,
        connectionsMax: 32,
      }),
      runStreams({
        port: running.port,
        request: request(true),
        streams: options.streams,
        durationMs: options.sampleMs,
        abortShare: 0.2,
        abortAfterMs: 400,
      }),
    ]);
    totals.requests += whole.answered;
    totals.streams += streamed.completed;
    totals.aborted += streamed.aborted;
    totals.failed +=
      whole.answered - (whole.statuses['200'] ?? 0) + whole.broken + whole.unanswered + streamed.failed;
    const usage = readProcessUsage(running.pid);
    const sample = {
      minutes: (performance.now() - startMs) / 60_000,
      rssMb: usage.rssBytes / 1e6,
      descriptors: usage.descriptors,
      upstreamOpen: await openConnections(mockPort),
      ...totals,
    };
    samples.push(sample);
    options.onSample(sample);
  }
  return samples;
}

async function openConnections(mockPort: number): Promise<number> {
  const counts = (await (await fetch(`http://127.0.0.1:${mockPort}/counts`)).json()) as { open: number };
  // The question itself is one connection.
  return counts.open - 1;
}

/** Change per hour by least squares over the second half, when caches and compiled code have settled. */
export function slopePerHour(samples: readonly SoakSample[], pick: (sample: SoakSample) => number): number {
  const late = samples.slice(Math.floor(samples.length / 2));
  const meanX = late.reduce((sum, each) => sum + each.minutes, 0) / late.length;
  const meanY = late.reduce((sum, each) => sum + pick(each), 0) / late.length;
  let [top, bottom] = [0, 0];
  for (const each of late) {
    top += (each.minutes - meanX) * (pick(each) - meanY);
    bottom += (each.minutes - meanX) ** 2;
  }
  return bottom === 0 ? 0 : (top / bottom) * 60;
}

async function main(): Promise<void> {
  const value = (name: string, fallback: number) => {
    const at = process.argv.indexOf(`--${name}`);
    return at < 0 ? fallback : Number(process.argv[at + 1]);
  };
  const core = value('core', 0);
  const folder = mkdtempSync(join(tmpdir(), 'tollgate-soak-'));
  const certificate = value('https', 0) === 1 ? await makeCertificate(folder) : null;
  pinSelf(core);
  console.log(
    '| minutes | RSS MB | descriptors | upstream connections | requests | streams | cut by clients | failed |',
  );
  console.log('|---:|---:|---:|---:|---:|---:|---:|---:|');
  const samples = await soak({
    durationMs: value('minutes', 30) * 60_000,
    sampleMs: value('sample', 30) * 1_000,
    perSecond: value('rate', 50),
    streams: value('streams', 20),
    core,
    certificate,
    onSample: (each) =>
      console.log(
        `| ${each.minutes.toFixed(1)} | ${each.rssMb.toFixed(0)} | ${each.descriptors} | ${each.upstreamOpen} | ${each.requests} | ${each.streams} | ${each.aborted} | ${each.failed} |`,
      ),
  });
  console.log(
    `\nSlope over the second half: ${slopePerHour(samples, (each) => each.rssMb).toFixed(1)} MB of RSS per hour, ${slopePerHour(samples, (each) => each.descriptors).toFixed(1)} descriptors per hour.`,
  );
  rmSync(folder, { recursive: true, force: true });
}

if (import.meta.main) await main();
