// The sending side of one socket: keeps what the kernel would not take and sends it when there is room again.

/** What a Bun socket offers to an outbox. */
export interface Writable {
  write(bytes: Uint8Array): number;
}

/** More than this waiting means the peer has stalled; senders should ask `full` and pause. */
export const OUTBOX_BYTES_MAX = 256 * 1024;

export class Outbox {
  #waiting: Uint8Array[] = [];
  #bytes = 0;

  get full(): boolean {
    return this.#bytes > OUTBOX_BYTES_MAX;
  }

  send(socket: Writable, bytes: Uint8Array): void {
    const sent = this.#waiting.length > 0 ? 0 : Math.max(0, socket.write(bytes));
    if (sent < bytes.length) this.#keep(bytes.subarray(sent));
  }

  /** To be called when the socket drains. */
  flush(socket: Writable): void {
    while (this.#waiting.length > 0) {
      const first = this.#waiting[0] as Uint8Array;
      const sent = Math.max(0, socket.write(first));
      this.#bytes -= sent;
      if (sent < first.length) {
        this.#waiting[0] = first.subarray(sent);
        return;
      }
      this.#waiting.shift();
    }
  }

  #keep(bytes: Uint8Array): void {
    this.#waiting.push(bytes);
    this.#bytes += bytes.length;
  }
}
