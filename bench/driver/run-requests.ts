// Whole (not streamed) requests: a closed loop for capacity and CPU, an open loop for latency under a fixed rate.
// In the open loop the latency counts from the moment a request was meant to be sent, so waiting is never hidden.
import { type Connection, connect } from './connection.ts';
import { Samples, type Summary } from './samples.ts';

export interface RequestsResult {
  readonly durationMs: number;
  readonly answered: number;
  readonly statuses: Readonly<Record<string, number>>;
  readonly broken: number;
  /** Open loop only: requests that were due but had not been answered at the end. */
  readonly unanswered: number;
  readonly latencyMs: Summary;
}

export interface ClosedLoop {
  readonly port: number;
  readonly request: Uint8Array;
  readonly connections: number;
  readonly durationMs: number;
}

/** Every connection sends its next request as soon as the answer before it is complete. */
export async function runClosedLoop(loop: ClosedLoop): Promise<RequestsResult> {
  const tally = createTally();
  const startMs = performance.now();
  const endMs = startMs + loop.durationMs;
  const oneConnection = async (): Promise<void> => {
    let connection = await connect(loop.port);
    while (performance.now() < endMs) {
      if (!connection.open()) connection = await connect(loop.port);
      const sentMs = performance.now();
      await once(connection, loop.request, tally, sentMs);
    }
    connection.close();
  };
  await Promise.all(Array.from({ length: loop.connections }, oneConnection));
  return tally.result(performance.now() - startMs, 0);
}

export interface OpenLoop {
  readonly port: number;
  readonly request: Uint8Array;
  readonly ratePerSecond: number;
  readonly durationMs: number;
  /** Connections kept; requests that find none free wait in line and keep counting. */
  readonly connectionsMax: number;
}

/** How long answers may still come in after the last request was due. */
const GRACE_MS = 3_000;

/** Sends at a fixed rate whatever the system under test does. */
export async function runOpenLoop(loop: OpenLoop): Promise<RequestsResult> {
  const tally = createTally();
  const free: Connection[] = await Promise.all(
    Array.from({ length: loop.connectionsMax }, () => connect(loop.port)),
  );
  const all = new Set(free);
  const waiting: number[] = [];
  const startMs = performance.now();
  const total = Math.floor((loop.ratePerSecond * loop.durationMs) / 1000);
  let due = 0;
  let done = 0;

  /** A server may close a connection that lay idle; that is no failure of a request that was not sent yet. */
  async function sendOn(given: Connection, intendedMs: number): Promise<void> {
    let connection = given;
    if (!given.open()) {
      all.delete(given);
      connection = await connect(loop.port);
      all.add(connection);
    }
    await once(connection, loop.request, tally, intendedMs);
    done += 1;
    free.push(connection);
    dispatch();
  }

  function dispatch(): void {
    while (waiting.length > 0 && free.length > 0) {
      const connection = free.pop() as Connection;
      const intendedMs = waiting.shift() as number;
      void sendOn(connection, intendedMs);
    }
  }

  while (done < total && performance.now() - startMs < loop.durationMs + GRACE_MS) {
    const elapsedMs = performance.now() - startMs;
    const wanted = Math.min(total, Math.floor((elapsedMs * loop.ratePerSecond) / 1000));
    for (; due < wanted; due++) waiting.push(startMs + (due * 1000) / loop.ratePerSecond);
    dispatch();
    await new Promise((resolve) => setTimeout(resolve, 1));
  }
  const durationMs = performance.now() - startMs;
  for (const connection of all) connection.close();
  return tally.result(durationMs, total - done);
}

function once(connection: Connection, request: Uint8Array, tally: Tally, fromMs: number): Promise<void> {
  return new Promise((resolve) => {
    connection.send(request, {
      onEnd: (status) => {
        tally.answered(status, performance.now() - fromMs);
        resolve();
      },
      onBroken: () => {
        tally.brokenOne();
        resolve();
      },
    });
  });
}

interface Tally {
  readonly answered: (status: number, latencyMs: number) => void;
  readonly brokenOne: () => void;
  readonly result: (durationMs: number, unanswered: number) => RequestsResult;
}

function createTally(): Tally {
  const latencyMs = new Samples();
  const statuses: Record<string, number> = {};
  let broken = 0;
  return {
    answered: (status, ms) => {
      statuses[status] = (statuses[status] ?? 0) + 1;
      latencyMs.add(ms);
    },
    brokenOne: () => {
      broken += 1;
    },
    result: (durationMs, unanswered) => ({
      durationMs,
      answered: latencyMs.count,
      statuses,
      broken,
      unanswered,
      latencyMs: latencyMs.summary(),
    }),
  };
}
