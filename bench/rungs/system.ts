// What the bench needs of everything it measures, from plain nginx to Tollgate and its peers.

/** Where systems find their upstreams and a folder that is removed after the run. */
export interface Surroundings {
  /** Answers whole requests at once, as quick as can be. */
  readonly constantPort: number;
  /** Answers streams and, with flags, slow or broken. */
  readonly mockPort: number;
  readonly folder: string;
  /** Core for the system under test. */
  readonly core: number;
  /** Kept between runs: downloaded peers. */
  readonly cacheFolder: string;
}

export interface Running {
  readonly port: number;
  /** Root of the processes whose CPU time counts. */
  readonly pid: number;
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly model: string;
  readonly version: string;
  /** Its SQLite file, for the row that locks it. */
  readonly databasePath?: string;
  readonly stop: () => Promise<void>;
}

export type Upstream = 'constant' | 'mock';

export interface System {
  readonly name: string;
  /** What it does per request, printed beside its numbers. */
  readonly does: string;
  /** A reason why it cannot run here, or null. */
  readonly checksKeys?: boolean;
  readonly keepsUsage?: boolean;
  /** Serves Anthropic's Messages from an OpenAI upstream. */
  readonly translates?: boolean;
  readonly missing: () => string | null;
  readonly start: (surroundings: Surroundings, upstream: Upstream) => Promise<Running>;
}

export function upstreamPort(surroundings: Surroundings, upstream: Upstream): number {
  return upstream === 'constant' ? surroundings.constantPort : surroundings.mockPort;
}

export const BENCH_TOKEN = 'tg_bench_0123456789abcdefghijklmnopqrstuvwxyzABCDEF';
export const CHAT_PATH = '/v1/chat/completions';
