// Makes a connection to a provider, over TLS where its address wants it. The runtime speaks TLS and judges certificates, by
// the same rules as its fetch; here it is only waited for: before the other side has proven its name nothing is written.
import type { Socket } from 'bun';
import { cancelTimer, startTimer } from '../../lib/coarse-timer.ts';
import { errorCode } from '../../lib/error-code.ts';
import type { Connection } from './connection.ts';
import { NeverConnected } from './exchange.ts';

/** For the other side to prove who it is. */
const HANDSHAKE_MS_MAX = 15_000;

export interface Address {
  /** What connections are kept by: two addresses of one key are the same, certificate included. */
  readonly key: string;
  /** For the `host` header. */
  readonly host: string;
  readonly hostname: string;
  readonly port: number;
  /** The name that the other side must have a certificate for; null where TLS is not spoken. */
  readonly serverName: string | null;
}

/** Rejects with the system's error where nobody answers, with OpenSSL's code for a certificate that does not hold. */
export function dial(
  address: Address,
  connection: Connection,
  handshakeMsMax = HANDSHAKE_MS_MAX,
): Promise<Socket<Connection>> {
  const { hostname, port, serverName } = address;
  return serverName === null
    ? Bun.connect<Connection>({ hostname, port, socket: HANDLERS, data: connection })
    : new SecureDial(connection, handshakeMsMax).socket({ hostname, port, serverName });
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

/** A connection whose other side has not proven yet who it is. */
class SecureDial {
  readonly #connection: Connection;
  readonly #msMax: number;
  readonly #proven = Promise.withResolvers<void>();
  #isProven = false;
  #isGivenUp = false;

  constructor(connection: Connection, msMax: number) {
    this.#connection = connection;
    this.#msMax = msMax;
    // It may fail before anybody waits for it.
    this.#proven.promise.catch(() => {});
  }

  async socket(to: {
    readonly hostname: string;
    readonly port: number;
    readonly serverName: string;
  }): Promise<Socket<Connection>> {
    const { hostname, port, serverName } = to;
    const socket = await Bun.connect<Connection>({
      hostname,
      port,
      tls: { serverName },
      socket: this.#handlers(),
      data: this.#connection,
    });
    const timer = startTimer(this.#msMax, { expire: () => this.#giveUp(socket, tooSlow()) });
    try {
      await this.#proven.promise;
      return socket;
    } finally {
      cancelTimer(timer);
    }
  }

  #handlers() {
    const lost = (socket: Socket<Connection>) => {
      if (this.#isProven) socket.data.onClose();
      else this.#giveUp(socket, brokenOff());
    };
    return {
      ...HANDLERS,
      handshake: (socket: Socket<Connection>, isTrusted: boolean, fault: Error | null) => {
        // Both are asked: there were versions of the runtime that found the fault and called the connection trusted all the same.
        if (isTrusted && !fault) this.#prove();
        else if (!this.#isProven) this.#giveUp(socket, refusalFor(fault));
      },
      end: (socket: Socket<Connection>) => {
        lost(socket);
        socket.end();
      },
      close: lost,
      error: lost,
    };
  }

  #prove(): void {
    this.#isProven = true;
    this.#proven.resolve();
  }

  #giveUp(socket: Socket<Connection>, error: Error): void {
    if (this.#isGivenUp) return;
    this.#isGivenUp = true;
    this.#proven.reject(error);
    socket.terminate();
  }
}

/** What the runtime found wrong. To be hung up on is no fault of a certificate, and may pass. */
function refusalFor(fault: Error | null): Error {
  if (!fault) return new NeverConnected('The provider could not agree on TLS.', 'ERR_SSL_HANDSHAKE');
  return errorCode(fault) === 'ECONNRESET' ? brokenOff() : fault;
}

function brokenOff(): NeverConnected {
  return new NeverConnected('The provider broke the connection off as it was made.', 'ECONNRESET');
}

function tooSlow(): NeverConnected {
  return new NeverConnected('The provider was too slow to prove its name.', 'ETIMEDOUT');
}
