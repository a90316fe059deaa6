// Many streams at once: time to the first byte of body, gaps between arrivals, and a digest of every byte,
// so that speed is never bought with changed answers. A share of the clients can hang up in the middle.
import { type Connection, connect } from './connection.ts';
import { Samples, type Summary } from './samples.ts';

export interface StreamLoad {
  readonly port: number;
  readonly request: Uint8Array;
  readonly streams: number;
  readonly durationMs: number;
  /** Share of streams that are cut by the client after about half of their time; 0.2 is one in five. */
  readonly abortShare?: number;
  /** The clients begin within this time, evenly; about the length of a stream keeps them from marching in step. */
  readonly spreadMs?: number;
  /** When to cut them, counted from the request. */
  readonly abortAfterMs?: number;
}

export interface StreamsResult {
  readonly durationMs: number;
  readonly completed: number;
  readonly aborted: number;
  readonly failed: number;
  readonly statuses: Readonly<Record<string, number>>;
  readonly bytes: number;
  /** Events counted by their blank lines, over all streams, cut ones included. */
  readonly events: number;
  /** Digests of complete bodies with how often each was seen: one entry when all streams are equal. */
  readonly digests: Readonly<Record<string, number>>;
  readonly ttftMs: Summary;
  readonly gapMs: Summary;
}

const SPREAD_MS = 350;
const BLANK_LINE = Buffer.from('\n\n');
/** A run that makes more different bodies than this is broken in a way that one more line will not explain. */
const DIGESTS_MAX = 20;

/** Keeps `streams` streams open until the time is over; those under way are then finished, not cut. */
export async function runStreams(load: StreamLoad): Promise<StreamsResult> {
  const totals = createTotals();
  const startMs = performance.now();
  let ordinal = 0;
  const oneClient = async (index: number): Promise<void> => {
    await new Promise((resolve) =>
      setTimeout(resolve, (index * (load.spreadMs ?? SPREAD_MS)) / load.streams),
    );
    let connection = await connect(load.port);
    while (performance.now() - startMs < load.durationMs) {
      if (!connection.open()) connection = await connect(load.port);
      ordinal += 1;
      await oneStream(connection, load, totals, abortsAt(ordinal, load.abortShare ?? 0));
    }
    connection.close();
  };
  await Promise.all(Array.from({ length: load.streams }, (_, index) => oneClient(index)));
  return totals.result(performance.now() - startMs);
}

function abortsAt(ordinal: number, share: number): boolean {
  return Math.floor(ordinal * share) !== Math.floor((ordinal - 1) * share);
}

function oneStream(connection: Connection, load: StreamLoad, totals: Totals, aborts: boolean): Promise<void> {
  return new Promise((resolve) => {
    const sentMs = performance.now();
    const digest = new Bun.CryptoHasher('md5');
    let lastMs = 0;
    if (aborts) {
      setTimeout(() => {
        totals.aborted();
        connection.close();
        resolve();
      }, load.abortAfterMs ?? 100);
    }
    connection.send(load.request, {
      onHead: (status) => totals.status(status),
      onBody: (bytes) => {
        const nowMs = performance.now();
        if (lastMs === 0) totals.ttft(nowMs - sentMs);
        else totals.gap(nowMs - lastMs);
        lastMs = nowMs;
        digest.update(bytes);
        totals.body(bytes);
      },
      onEnd: (status) => {
        if (aborts) return;
        if (status === 200) totals.completed(digest.digest('hex').slice(0, 12));
        else totals.failed();
        resolve();
      },
      onBroken: () => {
        if (aborts) return;
        totals.failed();
        resolve();
      },
    });
  });
}

type Totals = ReturnType<typeof createTotals>;

function createTotals() {
  const statuses: Record<string, number> = {};
  const digests: Record<string, number> = {};
  const ttftMs = new Samples();
  const gapMs = new Samples();
  const sum = { completed: 0, aborted: 0, failed: 0, bytes: 0, events: 0 };
  return {
    status: (status: number) => {
      statuses[status] = (statuses[status] ?? 0) + 1;
    },
    ttft: (ms: number) => ttftMs.add(ms),
    gap: (ms: number) => gapMs.add(ms),
    body: (bytes: Buffer) => {
      sum.bytes += bytes.length;
      for (let at = bytes.indexOf(BLANK_LINE); at >= 0; at = bytes.indexOf(BLANK_LINE, at + 2))
        sum.events += 1;
    },
    completed: (digest: string) => {
      sum.completed += 1;
      if (digest in digests || Object.keys(digests).length < DIGESTS_MAX)
        digests[digest] = (digests[digest] ?? 0) + 1;
    },
    aborted: () => {
      sum.aborted += 1;
    },
    failed: () => {
      sum.failed += 1;
    },
    result: (durationMs: number): StreamsResult => ({
      durationMs,
      ...sum,
      statuses,
      digests,
      ttftMs: ttftMs.summary(),
      gapMs: gapMs.summary(),
    }),
  };
}
