// An answer's body as a source of bytes that can be looked at before it is handed on. Holds one look's worth, no more.

export interface BodyStep {
  readonly done: boolean;
  readonly value?: Uint8Array | undefined;
}

export interface BodySource {
  /** Rejects when the connection breaks. */
  readonly read: () => Promise<BodyStep>;
  readonly cancel: () => Promise<void>;
}

export class LookAhead implements BodySource {
  readonly #reader;
  readonly #seen: BodyStep[] = [];
  #pending: Promise<BodyStep> | null = null;
  #next = 0;

  constructor(response: Response) {
    this.#reader = response.body?.getReader() ?? null;
  }

  /** The next step. It is not taken: `keep` it, or the next `read` gives the same. */
  look(): Promise<BodyStep> {
    if (!this.#pending) {
      this.#pending = this.#readOn();
      // A step that nobody waits for any more must not end the process when the connection breaks.
      this.#pending.catch(() => {});
    }
    return this.#pending;
  }

  /** The step was looked at; `read` gives it before what follows. */
  keep(step: BodyStep): void {
    this.#pending = null;
    this.#seen.push(step);
  }

  read(): Promise<BodyStep> {
    const seen = this.#seen[this.#next];
    if (seen) {
      this.#next += 1;
      if (this.#next === this.#seen.length) {
        this.#seen.length = 0;
        this.#next = 0;
      }
      return Promise.resolve(seen);
    }
    const pending = this.#pending ?? this.#readOn();
    this.#pending = null;
    return pending;
  }

  async cancel(): Promise<void> {
    await this.#reader?.cancel();
  }

  #readOn(): Promise<BodyStep> {
    return this.#reader ? (this.#reader.read() as Promise<BodyStep>) : Promise.resolve({ done: true });
  }
}
