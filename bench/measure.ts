// One row of the matrix on one running system: drives the load, reads the operating system's accounts before and
// after, and answers plain numbers. Failures that the row did not inject become problems, never silence.
import { Database } from 'bun:sqlite';
import { existsSync } from 'node:fs';
import { chatBody, messagesBody } from './bodies.ts';
import { connect, type RequestParts, requestBytes } from './driver/connection.ts';
import { runClosedLoop, runOpenLoop } from './driver/run-requests.ts';
import { runStreams } from './driver/run-streams.ts';
import { runWrk } from './driver/run-wrk.ts';
import { median, Samples } from './driver/samples.ts';
import {
  type BadKeyRow,
  type CapacityRow,
  KILOBYTE,
  type RateRow,
  type Row,
  type SerialRow,
  type StalledRow,
  type StreamRow,
} from './matrix.ts';
import type { Running } from './rungs/system.ts';
import { findTool } from './system/machine.ts';
import { type ProcessUsage, readProcessUsage } from './system/process-usage.ts';

/** Numbers by name; names end in their unit. */
export type Numbers = Record<string, number>;

export interface Measured {
  readonly numbers: Numbers;
  readonly problems: readonly string[];
}

export interface Session {
  readonly running: Running;
  /** Where to send requests straight to the upstream, for what the system adds. */
  readonly direct: Running;
  readonly warmUpMs: number;
  readonly durationMs: number;
  readonly driverCore: number;
  readonly folder: string;
  /** Tollgate's database, when the system under test is Tollgate. */
  readonly databasePath: string | null;
}

export async function measure(row: Row, session: Session): Promise<Measured> {
  switch (row.kind) {
    case 'capacity':
      return measureCapacity(row, session);
    case 'serial':
      return measureSerial(row, session);
    case 'rate':
      return measureRate(row, session);
    case 'streams':
      return measureStreams(row, session);
    case 'bad-keys':
      return measureBadKeys(row, session);
    case 'stalled-store':
      return measureStalled(row, session);
    case 'not-run':
      return { numbers: {}, problems: [row.reason] };
  }
}

function partsOf(running: Running, bytes: number, stream = false): RequestParts {
  return {
    path: running.path,
    headers: running.headers,
    body: chatBody({ model: running.model, bytes, stream }),
  };
}

function cpuSince(before: ProcessUsage, pid: number): { cpuUs: number; after: ProcessUsage } {
  const after = readProcessUsage(pid);
  return { cpuUs: after.cpuUs - before.cpuUs, after };
}

function memory(after: ProcessUsage): Numbers {
  return { rssMb: after.rssBytes / 1e6, rssPeakMb: after.rssPeakBytes / 1e6 };
}

async function measureCapacity(row: CapacityRow, session: Session): Promise<Measured> {
  const { running } = session;
  const parts = partsOf(running, row.bodyBytes);
  const drive = (durationMs: number) =>
    driveClosed({ parts, connections: row.connections, durationMs }, session);
  await drive(session.warmUpMs);
  const before = readProcessUsage(running.pid);
  const done = await drive(session.durationMs);
  const { cpuUs, after } = cpuSince(before, running.pid);
  return {
    numbers: {
      perSecond: done.perSecond,
      cpuUsPerRequest: cpuUs / Math.max(1, done.requests),
      ...memory(after),
    },
    problems: done.errors > 0 ? [`${done.errors} of ${done.requests} answers were errors`] : [],
  };
}

interface ClosedDrive {
  readonly parts: RequestParts;
  readonly connections: number;
  readonly durationMs: number;
}

async function driveClosed(drive: ClosedDrive, session: Session) {
  const { port } = session.running;
  if (findTool('wrk')) {
    return runWrk({ ...drive, port, core: session.driverCore, folder: session.folder });
  }
  const { connections, durationMs } = drive;
  const result = await runClosedLoop({ port, request: requestBytes(drive.parts), connections, durationMs });
  const good = result.statuses['200'] ?? 0;
  return {
    requests: result.answered,
    perSecond: (result.answered * 1000) / result.durationMs,
    errors: result.answered - good + result.broken,
  };
}

/** Median of the rounds' medians, through the system minus straight, in turn so that drift hits both. */
async function measureSerial(row: SerialRow, session: Session): Promise<Measured> {
  const { running, direct } = session;
  const through = await connect(running.port);
  const straight = await connect(direct.port);
  const requests = [
    requestBytes(partsOf(running, row.bodyBytes)),
    requestBytes(partsOf(direct, row.bodyBytes)),
  ] as const;
  const added: number[] = [];
  let bad = 0;
  for (let round = 0; round <= row.rounds; round++) {
    const [throughMs, straightMs] = [new Samples(), new Samples()];
    for (let each = 0; each < row.perRound; each++) {
      for (const [connection, request, samples] of [
        [through, requests[0], throughMs],
        [straight, requests[1], straightMs],
      ] as const) {
        const sentMs = performance.now();
        const status = await new Promise<number>((resolve) =>
          connection.send(request, { onEnd: resolve, onBroken: () => resolve(0) }),
        );
        samples.add(performance.now() - sentMs);
        if (status !== 200) bad += 1;
      }
    }
    // The first round warms both sides up.
    if (round > 0) added.push(throughMs.summary().p50 - straightMs.summary().p50);
  }
  through.close();
  straight.close();
  return {
    numbers: { addedP50Ms: median(added), addedLowMs: Math.min(...added), addedHighMs: Math.max(...added) },
    problems: bad > 0 ? [`${bad} answers were not 200`] : [],
  };
}

const OPEN_CONNECTIONS = 256;

async function measureRate(row: RateRow, session: Session): Promise<Measured> {
  const { running } = session;
  const request = requestBytes(partsOf(running, KILOBYTE));
  const load = {
    port: running.port,
    request,
    ratePerSecond: row.perSecond,
    connectionsMax: OPEN_CONNECTIONS,
  };
  await runOpenLoop({ ...load, durationMs: session.warmUpMs });
  const before = readProcessUsage(running.pid);
  const result = await runOpenLoop({ ...load, durationMs: session.durationMs });
  const { cpuUs, after } = cpuSince(before, running.pid);
  const failed = result.answered - (result.statuses['200'] ?? 0);
  const numbers: Numbers = {
    perSecond: (result.answered * 1000) / result.durationMs,
    latencyP50Ms: result.latencyMs.p50,
    latencyP99Ms: result.latencyMs.p99,
    latencyMaxMs: result.latencyMs.max,
    cpuUsPerRequest: cpuUs / Math.max(1, result.answered),
    failedShare: failed / Math.max(1, result.answered),
    ...memory(after),
  };
  const problems: string[] = [];
  if (result.unanswered > 0) problems.push(`${result.unanswered} requests were due and not answered`);
  if (result.broken > 0) problems.push(`${result.broken} connections broke`);
  if (failed > 0 && !row.mock?.errorRate) problems.push(`statuses ${JSON.stringify(result.statuses)}`);
  return { numbers, problems };
}

async function measureStreams(row: StreamRow, session: Session): Promise<Measured> {
  const { running } = session;
  const request = row.translated
    ? translatedRequest(running)
    : requestBytes(partsOf(running, KILOBYTE, true));
  const load = { port: running.port, request, streams: row.streams };
  const abort = row.abortShare === undefined ? {} : { abortShare: row.abortShare };
  await runStreams({ ...load, durationMs: session.warmUpMs });
  const before = readProcessUsage(running.pid);
  const beside = row.besideBytes === undefined ? null : startBeside(row.besideBytes, running);
  const result = await runStreams({ ...load, ...abort, durationMs: session.durationMs });
  const large = await beside?.stop();
  const { cpuUs, after } = cpuSince(before, running.pid);
  const problems: string[] = [];
  if (result.failed > 0) problems.push(`${result.failed} streams failed: ${JSON.stringify(result.statuses)}`);
  if (Object.keys(result.digests).length > 1 && !row.translated)
    problems.push('bodies differ between streams');
  if (large && large.bad > 0) problems.push(`${large.bad} large bodies were not answered with 200`);
  return {
    numbers: {
      eventsPerSecond: (result.events * 1000) / result.durationMs,
      cpuUsPerEvent: cpuUs / Math.max(1, result.events),
      ttftP50Ms: result.ttftMs.p50,
      ttftP99Ms: result.ttftMs.p99,
      gapP50Ms: result.gapMs.p50,
      gapP99Ms: result.gapMs.p99,
      gapMaxMs: result.gapMs.max,
      streams: result.completed,
      aborted: result.aborted,
      ...memory(after),
      descriptors: after.descriptors,
    },
    problems,
  };
}

function translatedRequest(running: Running): Buffer {
  return requestBytes({
    path: '/v1/messages',
    headers: { ...running.headers, 'anthropic-version': '2023-06-01' },
    body: messagesBody({ model: running.model, bytes: KILOBYTE, stream: true }),
  });
}

/** One large whole request a second, as somebody's picture would be. */
function startBeside(bytes: number, running: Running): { stop: () => Promise<{ bad: number }> } {
  const request = requestBytes(partsOf(running, bytes));
  let stopped = false;
  let bad = 0;
  const done = (async () => {
    const connection = await connect(running.port);
    while (!stopped) {
      const sentMs = performance.now();
      const status = await new Promise<number>((resolve) =>
        connection.send(request, { onEnd: resolve, onBroken: () => resolve(0) }),
      );
      if (status !== 200) bad += 1;
      await Bun.sleep(Math.max(0, 1000 - (performance.now() - sentMs)));
    }
    connection.close();
  })();
  return {
    stop: async () => {
      stopped = true;
      await done;
      return { bad };
    },
  };
}

async function measureBadKeys(row: BadKeyRow, session: Session): Promise<Measured> {
  const { running } = session;
  const parts = { ...partsOf(running, KILOBYTE), headers: { Authorization: 'Bearer tg_wrong' } };
  await driveClosed({ parts, connections: row.connections, durationMs: session.warmUpMs }, session);
  const before = readProcessUsage(running.pid);
  const done = await driveClosed(
    { parts, connections: row.connections, durationMs: session.durationMs },
    session,
  );
  const { cpuUs, after } = cpuSince(before, running.pid);
  const passed = done.requests - done.errors;
  return {
    numbers: {
      perSecond: done.perSecond,
      cpuUsPerRequest: cpuUs / Math.max(1, done.requests),
      ...memory(after),
    },
    problems: passed > 0 ? [`${passed} requests with a wrong key were served`] : [],
  };
}

async function measureStalled(row: StalledRow, session: Session): Promise<Measured> {
  const { databasePath } = session;
  if (databasePath === null || !existsSync(databasePath))
    return { numbers: {}, problems: ['no database to lock'] };
  const lock = new Database(databasePath);
  lock.run('BEGIN IMMEDIATE');
  const freed = Bun.sleep(row.stallMs).then(() => {
    lock.run('ROLLBACK');
    lock.close();
  });
  const load: RateRow = { ...row, kind: 'rate', upstream: 'constant' };
  const result = await measureRate(load, { ...session, warmUpMs: 200, durationMs: row.stallMs + 2_000 });
  await freed;
  return result;
}
