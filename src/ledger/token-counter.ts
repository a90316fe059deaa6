// Counts tokens for those who ask, on a thread that is started when it is needed and ended when it is idle.
// Never used on the path of a request: usage comes from providers.
import { waitAtMost } from '../lib/clock.ts';
import { threadUrl } from '../lib/program-files.ts';
import { tokensIn } from './estimate.ts';

export interface CountRequest {
  readonly id: number;
  readonly texts: readonly string[];
}

export interface CountReply {
  readonly id: number;
  readonly tokens: number;
}

export interface TokenCount {
  readonly tokens: number;
  /** `o200k_base` is OpenAI's vocabulary; others come close. `characters` is a rough estimate. */
  readonly method: 'o200k_base' | 'characters';
}

export interface TokenCounter {
  /** Never fails: a thread that is busy or slow is answered for by an estimate. */
  readonly count: (texts: readonly string[]) => Promise<TokenCount>;
  readonly stop: () => void;
}

/** Counts under way at once; more are estimated. */
const WAITING_MAX = 16;
const COUNT_MS_MAX = 5_000;
const IDLE_MS_MAX = 60_000;

export function createTokenCounter(): TokenCounter {
  const waiting = new Map<number, (tokens: number) => void>();
  let worker: Worker | null = null;
  let idle: ReturnType<typeof setTimeout> | null = null;
  let nextId = 1;

  const stop = (): void => {
    worker?.terminate();
    worker = null;
    if (idle) clearTimeout(idle);
    waiting.clear();
  };
  const start = (): Worker => {
    const started = new Worker(threadUrl('ledger/token-counter-worker'));
    started.onmessage = (event: MessageEvent<CountReply>) => {
      waiting.get(event.data.id)?.(event.data.tokens);
      waiting.delete(event.data.id);
    };
    started.onerror = stop;
    started.unref();
    return started;
  };
  const keepForAWhile = (): void => {
    if (idle) clearTimeout(idle);
    idle = setTimeout(stop, IDLE_MS_MAX);
    idle.unref();
  };

  async function count(texts: readonly string[]): Promise<TokenCount> {
    const rough: TokenCount = {
      tokens: texts.reduce((sum, text) => sum + tokensIn(text.length), 0),
      method: 'characters',
    };
    if (waiting.size >= WAITING_MAX) return rough;
    worker ??= start();
    keepForAWhile();
    const id = nextId++;
    let exact: number | null = null;
    const answered = new Promise<void>((resolve) => {
      waiting.set(id, (tokens) => {
        exact = tokens;
        resolve();
      });
    });
    worker.postMessage({ id, texts } satisfies CountRequest);
    await waitAtMost(COUNT_MS_MAX, answered);
    if (exact !== null) return { tokens: exact, method: 'o200k_base' };
    // Whatever it is at, it is too slow for those who wait behind it.
    stop();
    return rough;
  }

  return { count, stop };
}
