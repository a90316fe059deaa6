// An answer of the runtime's fetch as an AnswerBody: reads on while the sink keeps up.
import { type BodySink, BufferedBody } from './answer-body.ts';

export class FetchBody extends BufferedBody {
  override readonly declaredBytes: number | null;
  readonly #response: Response;
  readonly #abort: () => void;
  #reader: ReadableStreamDefaultReader<Uint8Array> | null = null;
  #reading = false;
  #paused = false;
  #over = false;

  /** `abort` ends the exchange under the response. */
  constructor(response: Response, abort: () => void) {
    super();
    this.#response = response;
    this.#abort = abort;
    const declared = response.headers.get('content-length');
    this.declaredBytes = declared === null || !/^\d+$/.test(declared) ? null : Number(declared);
  }

  override attach(sink: BodySink): void {
    if (this.#over && !this.ended) return;
    super.attach(sink);
    this.#readOn();
  }

  override pause(): void {
    this.#paused = true;
  }

  override resume(): void {
    this.#paused = false;
    this.#readOn();
  }

  override cancel(): void {
    this.#over = true;
    this.drop();
    // Both: one frees the socket, the other the stream; on an aborted answer the second rejects.
    this.#abort();
    this.#reader?.cancel().catch(() => {});
  }

  #readOn(): void {
    if (this.#reading || this.#paused || this.#over) return;
    this.#reading = true;
    this.#loop().catch((error: unknown) => this.#finish(asError(error)));
  }

  async #loop(): Promise<void> {
    this.#reader ??= (this.#response.body?.getReader() as ReadableStreamDefaultReader<Uint8Array>) ?? null;
    while (!this.#paused && !this.#over) {
      const step = await this.#reader?.read();
      if (this.#over) return;
      if (!step || step.done) {
        this.#finish(null);
        return;
      }
      this.take(step.value);
    }
    this.#reading = false;
  }

  #finish(error: Error | null): void {
    if (this.#over) return;
    this.#over = true;
    this.finish(error);
  }
}

function asError(error: unknown): Error {
  return error instanceof Error ? error : new Error(String(error));
}
