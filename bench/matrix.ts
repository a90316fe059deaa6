// The loads as data: rows A to K of the method, in the short cut (`npm run bench`) and in full (`npm run bench:full`).
// Never measures anything itself.
import type { MockOptions } from './mock/answers.ts';

interface RowBase {
  /** Letter of the method's matrix, with a digit where a row has parts. */
  readonly id: string;
  readonly title: string;
  /** Changes of the mock for this row. */
  readonly mock?: Partial<MockOptions>;
}

/** Closed loop with wrk: rate and CPU per request. */
export interface CapacityRow extends RowBase {
  readonly kind: 'capacity';
  readonly connections: number;
  readonly bodyBytes: number;
  readonly upstream: 'constant' | 'mock' | 'constant-tls';
  /** For systems that differ in how they write usage, and for no others. */
  readonly comparesUsageWrites?: boolean;
}

/** One request at a time, in turn with requests straight to the upstream: what the system adds. */
export interface SerialRow extends RowBase {
  readonly kind: 'serial';
  readonly rounds: number;
  readonly perRound: number;
  readonly bodyBytes: number;
}

/** Open loop at a fixed rate, latency from the intended moment of sending. */
export interface RateRow extends RowBase {
  readonly kind: 'rate';
  readonly perSecond: number;
  readonly upstream: 'constant' | 'mock';
}

/** Many streams at once; `path` of Anthropic makes the system translate. */
export interface StreamRow extends RowBase {
  readonly kind: 'streams';
  readonly streams: number;
  readonly abortShare?: number;
  /** One whole request with a body of this size each second, beside the streams. */
  readonly besideBytes?: number;
  readonly translated?: boolean;
  /** The provider is on https. */
  readonly secure?: boolean;
}

/** Requests with a wrong key: cost of a refusal; the upstream must see none. */
export interface BadKeyRow extends RowBase {
  readonly kind: 'bad-keys';
  readonly connections: number;
}

/** The database is locked by somebody else for a while under traffic. */
export interface StalledRow extends RowBase {
  readonly kind: 'stalled-store';
  readonly perSecond: number;
  readonly stallMs: number;
}

/** A part of the method that this harness does not run, with the reason, so that the report says so. */
export interface OpenRow extends RowBase {
  readonly kind: 'not-run';
  readonly reason: string;
}

export type Row = CapacityRow | SerialRow | RateRow | StreamRow | BadKeyRow | StalledRow | OpenRow;

export const KILOBYTE = 1024;
export const MEGABYTE = 1024 * 1024;

const A64: CapacityRow = {
  id: 'A64',
  title: 'whole answers, 1 KB in, 0.9 KB out, 64 connections',
  kind: 'capacity',
  connections: 64,
  bodyBytes: KILOBYTE,
  upstream: 'constant',
};
const A64_TLS: CapacityRow = {
  ...A64,
  id: 'A64-tls',
  title: 'as A64, the provider on https',
  upstream: 'constant-tls',
};
const SERIAL: SerialRow = {
  id: 'A-serial',
  title: 'added latency, one request at a time',
  kind: 'serial',
  rounds: 7,
  perRound: 50,
  bodyBytes: KILOBYTE,
};
const STREAMS_MOCK = { ttftMs: 25, gapMs: 5, chunks: 64 };
const C128: StreamRow = {
  id: 'C128',
  title: '128 streams of 64 chunks, 25 ms to the first, 5 ms apart',
  kind: 'streams',
  streams: 128,
  mock: STREAMS_MOCK,
};
const C128_TLS: StreamRow = {
  ...C128,
  id: 'C128-tls',
  title: 'as C128, the provider on https',
  secure: true,
};
const T64: StreamRow = {
  id: 'T64',
  title: '64 translated streams (Anthropic Messages to an OpenAI provider), as C',
  kind: 'streams',
  streams: 64,
  translated: true,
  mock: STREAMS_MOCK,
};
const D: StreamRow = {
  id: 'D',
  title: '64 streams as in C while one 5 MB body a second passes',
  kind: 'streams',
  streams: 64,
  besideBytes: 5 * MEGABYTE,
  mock: STREAMS_MOCK,
};

export const ESSENTIALS: readonly Row[] = [A64, A64_TLS, SERIAL, C128, C128_TLS, T64, D];

export const FULL: readonly Row[] = [
  ...[1, 16, 64, 256].map((connections) => ({
    ...A64,
    id: `A${connections}`,
    title: `whole answers, 1 KB in, 0.9 KB out, ${connections} connections`,
    connections,
  })),
  A64_TLS,
  SERIAL,
  ...[500, 1000, 2000].map(
    (perSecond): RateRow => ({
      id: `A-rate-${perSecond}`,
      title: `open loop, ${perSecond} requests a second`,
      kind: 'rate',
      perSecond,
      upstream: 'constant',
    }),
  ),
  {
    id: 'A2',
    title: 'open loop, 1,000 requests a second, upstream takes 60 ms',
    kind: 'rate',
    perSecond: 1000,
    upstream: 'mock',
    mock: { delayMs: 60 },
  },
  ...[16 * KILOBYTE, 100 * KILOBYTE, MEGABYTE, 5 * MEGABYTE].map(
    (bodyBytes): CapacityRow => ({
      id: `B-${Math.round(bodyBytes / KILOBYTE)}K`,
      title: `bodies of ${Math.round(bodyBytes / KILOBYTE)} KB, 8 connections`,
      kind: 'capacity',
      connections: 8,
      bodyBytes,
      upstream: 'constant',
    }),
  ),
  { ...C128, id: 'C16', streams: 16, title: '16 streams of 64 chunks, 25 ms to the first, 5 ms apart' },
  C128,
  C128_TLS,
  {
    ...C128,
    id: 'C512',
    streams: 512,
    title: '512 streams of 64 chunks, 25 ms to the first, 25 ms apart',
    mock: { ...STREAMS_MOCK, gapMs: 25 },
  },
  {
    ...C128,
    id: 'C2',
    streams: 16,
    title: '16 streams of 500 chunks without a gap',
    mock: { ttftMs: 0, gapMs: 0, chunks: 500 },
  },
  T64,
  D,
  { ...C128, id: 'E', streams: 128, title: '128 streams, one in five cut by its client', abortShare: 0.2 },
  {
    id: 'F',
    title: 'one upstream answer in twenty is 429 or 500, 500 requests a second',
    kind: 'rate',
    perSecond: 500,
    upstream: 'mock',
    mock: { errorRate: 0.05 },
  },
  { id: 'G', title: 'flood of wrong keys, 64 connections', kind: 'bad-keys', connections: 64 },
  {
    ...A64,
    id: 'H',
    title: `usage writes off, SQLite NORMAL, SQLite FULL: ${A64.title}`,
    comparesUsageWrites: true,
  },
  {
    id: 'H-postgres',
    title: 'usage written to Postgres',
    kind: 'not-run',
    reason: 'Tollgate keeps its data in SQLite alone so far',
  },
  {
    id: 'I',
    title: 'database locked for 5 s under 500 requests a second',
    kind: 'stalled-store',
    perSecond: 500,
    stallMs: 5000,
  },
  { id: 'J', title: 'soak', kind: 'not-run', reason: 'a run of its own: npm run bench:soak' },
  {
    id: 'K',
    title: 'three million usage rows: longest insert during a dashboard query and a migration',
    kind: 'not-run',
    reason: 'a run of its own, with a database to fill: npm run bench:ledger',
  },
];
