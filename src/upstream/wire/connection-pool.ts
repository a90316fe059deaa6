// Keeps connections to providers open between requests, by address. Plain HTTP/1.1 only: https goes through the runtime's
// fetch, whose own thread costs each call two switches but brings TLS with it (docs/performance.md has the figures).
import type { Socket } from 'bun';
import type { Clock } from '../../lib/clock.ts';
import { Connection } from './connection.ts';
import { ConnectionLost, type Exchange } from './exchange.ts';

/** Idle connections kept for one address; more are closed when they come back. */
export const IDLE_PER_ADDRESS_MAX = 1_024;
/** Connections open at once in all. The kernel's own bound on descriptors is met first nearly everywhere. */
export const CONNECTIONS_MAX = 65_000;
/** Servers close what is idle, many after 5 s; a connection is not used again once it has been idle for this long. */
export const IDLE_MS_MAX = 4_000;

export interface Address {
  /** Host and port as one word: what connections are kept by. */
  readonly key: string;
  readonly hostname: string;
  readonly port: number;
}

export class ConnectionPool {
  readonly #clock: Clock;
  readonly #idle = new Map<string, Connection[]>();
  #open = 0;
  #sweep: ReturnType<typeof setInterval> | null = null;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Connections that are open, idle ones included. */
  get openCount(): number {
    return this.#open;
  }

  get idleCount(): number {
    let idle = 0;
    for (const connections of this.#idle.values()) idle += connections.length;
    return idle;
  }

  /** Begins an exchange: on an idle connection at once, else as soon as there is one. */
  send(address: Address, exchange: Exchange): void {
    const idle = this.#takeIdle(address.key);
    if (idle) idle.carry(exchange);
    else this.#connect(address, exchange).catch((error: Error) => exchange.fail(error));
  }

  /** An idle connection that is fresh enough, the one used last first. */
  #takeIdle(key: string): Connection | null {
    const connections = this.#idle.get(key);
    const connection = connections?.pop();
    if (!connection) return null;
    if (this.#clock.monotonicMs() - connection.idleSinceMs < IDLE_MS_MAX) return connection;
    connection.destroy();
    // Those below it are older still.
    for (const older of connections?.splice(0) ?? []) older.destroy();
    return null;
  }

  async #connect(address: Address, exchange: Exchange): Promise<void> {
    if (this.#open >= CONNECTIONS_MAX)
      throw new ConnectionLost('Too many connections to providers are open.', 'EMFILE');
    const { key, hostname, port } = address;
    const connection = new Connection({
      onFree: (free) => this.#keep(key, free),
      onClosed: (closed) => this.#forget(key, closed),
      onStale: (stale) => {
        this.#connect(address, stale).catch((error: Error) => stale.fail(error));
      },
    });
    this.#open += 1;
    try {
      connection.open(await Bun.connect<Connection>({ hostname, port, socket: HANDLERS, data: connection }));
    } catch (error) {
      this.#open -= 1;
      throw error;
    }
    if (exchange.cancelled) connection.destroy();
    else connection.carry(exchange);
  }

  #keep(key: string, connection: Connection): void {
    const connections = this.#idle.get(key);
    if (connections && connections.length >= IDLE_PER_ADDRESS_MAX) {
      connection.destroy();
      return;
    }
    connection.idleSinceMs = this.#clock.monotonicMs();
    if (connections) connections.push(connection);
    else this.#idle.set(key, [connection]);
    this.#sweep ??= this.#startSweeping();
  }

  #forget(key: string, connection: Connection): void {
    this.#open -= 1;
    const connections = this.#idle.get(key);
    const at = connections?.indexOf(connection) ?? -1;
    if (at >= 0) connections?.splice(at, 1);
  }

  #startSweeping(): ReturnType<typeof setInterval> {
    const timer = setInterval(() => this.#sweepIdle(), IDLE_MS_MAX);
    timer.unref();
    return timer;
  }

  #sweepIdle(): void {
    const tooOldMs = this.#clock.monotonicMs() - IDLE_MS_MAX;
    for (const [key, connections] of this.#idle) {
      // They lie in the order in which they became idle.
      const old = connections.filter((each) => each.idleSinceMs <= tooOldMs);
      for (const each of old) each.destroy();
      if (connections.length === 0) this.#idle.delete(key);
    }
    if (this.#idle.size > 0 || !this.#sweep) return;
    clearInterval(this.#sweep);
    this.#sweep = null;
  }
}

const HANDLERS = {
  // Small reads then lie in the collector's heap: see piece-of.ts.
  binaryType: 'uint8array' as const,
  data: (socket: Socket<Connection>, bytes: Uint8Array) => socket.data.onData(bytes),
  drain: (socket: Socket<Connection>) => socket.data.onDrain(),
  end: (socket: Socket<Connection>) => {
    // The provider sends nothing more, and half-open connections are of no use.
    socket.data.onClose();
    socket.end();
  },
  close: (socket: Socket<Connection>) => socket.data.onClose(),
  error: (socket: Socket<Connection>) => socket.data.onClose(),
};
