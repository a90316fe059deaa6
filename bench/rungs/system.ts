// What the bench needs of everything it measures, from plain nginx to Tollgate and its peers.

/** Where systems find their upstreams and a folder that is removed after the run. */
export interface Surroundings {
  /** Answers whole requests at once, as quick as can be. */
  readonly constantPort: number;
  /** Answers streams and, with flags, slow or broken. */
  readonly mockPort: number;
  /** Both once more, behind TLS as `localhost`; null where no certificate could be made. */
  readonly tls?: SecurePorts | null;
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

/** `full` is how Tollgate ships: SQLite's `synchronous=FULL` behind the journal. */
export type UsageWrites = 'full' | 'normal' | 'off';

export type Upstream = 'constant' | 'constant-tls' | 'mock' | 'mock-tls';

export interface SecurePorts {
  readonly constantPort: number;
  readonly mockPort: number;
  readonly certificatePath: string;
}

export function isSecure(upstream: Upstream): boolean {
  return upstream.endsWith('-tls');
}

export interface System {
  readonly name: string;
  /** What it does per request, printed beside its numbers. */
  readonly does: string;
  readonly checksKeys?: boolean;
  readonly keepsUsage?: boolean;
  /** How it writes rows of usage, for the row that compares that; those that do not write them as it ships are for it alone. */
  readonly usageWrites?: UsageWrites;
  /** Serves Anthropic's Messages from an OpenAI upstream. */
  readonly translates?: boolean;
  /** Can be told here to trust the certificate of the mock behind TLS. */
  readonly trusts?: boolean;
  /** A reason why it cannot run here, or null. */
  readonly missing: () => string | null;
  readonly start: (surroundings: Surroundings, upstream: Upstream) => Promise<Running>;
}

export function upstreamPort(surroundings: Surroundings, upstream: Upstream): number {
  const ports = isSecure(upstream) ? certified(surroundings) : surroundings;
  return upstream.startsWith('constant') ? ports.constantPort : ports.mockPort;
}

export function upstreamOrigin(surroundings: Surroundings, upstream: Upstream): string {
  const port = upstreamPort(surroundings, upstream);
  return isSecure(upstream) ? `https://localhost:${port}` : `http://127.0.0.1:${port}`;
}

/** What a program on Bun needs in its environment to trust the mock. */
export function trustEnvironment(surroundings: Surroundings, upstream: Upstream): Record<string, string> {
  return isSecure(upstream) ? { NODE_EXTRA_CA_CERTS: certified(surroundings).certificatePath } : {};
}

export function certified({ tls }: Surroundings): SecurePorts {
  if (!tls) throw new Error('no certificate could be made: openssl is not installed');
  return tls;
}

export const BENCH_TOKEN = 'tg_bench_0123456789abcdefghijklmnopqrstuvwxyzABCDEF';
export const CHAT_PATH = '/v1/chat/completions';
