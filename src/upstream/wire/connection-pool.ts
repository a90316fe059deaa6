// Keeps connections to providers open between requests, by address; over TLS where the address wants it, which the runtime
// speaks. The runtime's fetch has a thread of its own, whose switches would cost each call more (docs/performance.md).
import type { Clock } from '../../lib/clock.ts';
import { Connection } from './connection.ts';
import { type Address, dial } from './dial.ts';
import { ConnectionLost, type Exchange } from './exchange.ts';

/** Idle connections kept for one address; more are closed when they come back. */
export const IDLE_PER_ADDRESS_MAX = 1_024;
/** Connections open at once in all. The kernel's own bound on descriptors is met first nearly everywhere. */
export const CONNECTIONS_MAX = 65_000;
/** Servers close what is idle, many after 5 s; a connection is not used again once it has been idle for this long. */
export const IDLE_MS_MAX = 4_000;
/** As IDLE_MS_MAX, over TLS, where each new one costs a handshake: load balancers in front of providers wait for 60 s and more. */
export const SECURE_IDLE_MS_MAX = 50_000;

/** The idle connections of one address, the one used last at the end. */
interface Shelf {
  readonly connections: Connection[];
  readonly idleMsMax: number;
}

export class ConnectionPool {
  readonly #clock: Clock;
  readonly #idle = new Map<string, Shelf>();
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
    for (const { connections } of this.#idle.values()) idle += connections.length;
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
    const shelf = this.#idle.get(key);
    const connection = shelf?.connections.pop();
    if (!shelf || !connection) return null;
    if (this.#clock.monotonicMs() - connection.idleSinceMs < shelf.idleMsMax) return connection;
    connection.destroy();
    // Those below it are older still.
    for (const older of shelf.connections.splice(0)) older.destroy();
    return null;
  }

  async #connect(address: Address, exchange: Exchange): Promise<void> {
    if (this.#open >= CONNECTIONS_MAX)
      throw new ConnectionLost('Too many connections to providers are open.', 'EMFILE');
    const { key } = address;
    const connection = new Connection({
      onFree: (free) => this.#keep(address, free),
      onClosed: (closed) => this.#forget(key, closed),
      onStale: (stale) => {
        this.#connect(address, stale).catch((error: Error) => stale.fail(error));
      },
      clock: this.#clock,
    });
    this.#open += 1;
    try {
      connection.open(await dial(address, connection));
    } catch (error) {
      this.#open -= 1;
      throw error;
    }
    if (exchange.cancelled) connection.destroy();
    else connection.carry(exchange);
  }

  #keep({ key, serverName }: Address, connection: Connection): void {
    const shelf = this.#idle.get(key);
    if (shelf && shelf.connections.length >= IDLE_PER_ADDRESS_MAX) {
      connection.destroy();
      return;
    }
    connection.idleSinceMs = this.#clock.monotonicMs();
    if (shelf) shelf.connections.push(connection);
    else {
      const idleMsMax = serverName === null ? IDLE_MS_MAX : SECURE_IDLE_MS_MAX;
      this.#idle.set(key, { connections: [connection], idleMsMax });
    }
    this.#sweep ??= this.#startSweeping();
  }

  #forget(key: string, connection: Connection): void {
    this.#open -= 1;
    const connections = this.#idle.get(key)?.connections;
    const at = connections?.indexOf(connection) ?? -1;
    if (at >= 0) connections?.splice(at, 1);
  }

  #startSweeping(): ReturnType<typeof setInterval> {
    const timer = setInterval(() => this.#sweepIdle(), IDLE_MS_MAX);
    timer.unref();
    return timer;
  }

  #sweepIdle(): void {
    const nowMs = this.#clock.monotonicMs();
    for (const [key, { connections, idleMsMax }] of this.#idle) {
      // They lie in the order in which they became idle.
      const old = connections.filter((each) => nowMs - each.idleSinceMs >= idleMsMax);
      for (const each of old) each.destroy();
      if (connections.length === 0) this.#idle.delete(key);
    }
    if (this.#idle.size > 0 || !this.#sweep) return;
    clearInterval(this.#sweep);
    this.#sweep = null;
  }
}
