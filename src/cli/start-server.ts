// Puts the whole house together from one Config and runs it: the composition root of `serve`, `demo` and the tests.
import { type App, buildApp } from '../app.ts';
import { ConfigError } from '../config/config-error.ts';
import type { Config } from '../config/load-config.ts';
import { createDataDir } from '../config/secrets.ts';
import type { Settings } from '../config/settings.ts';
import { createAdmit } from '../gateway/admit.ts';
import { createGateway } from '../gateway/create-gateway.ts';
import type { Exchange } from '../gateway/exchange.ts';
import { createHangUpRules, type HangUpPolicy, type HangUpRules } from '../gateway/hang-up.ts';
import { createStreamWatch, type StreamWatch } from '../gateway/stream-watch.ts';
import { createProxyTrust } from '../http/client-address.ts';
import { type Cors, createCors } from '../http/cors.ts';
import { type RetentionJob, startRetention } from '../jobs/retention.ts';
import { createLedger, type Ledger } from '../ledger/create-ledger.ts';
import { loadPriceOverrides } from '../ledger/prices/load-overrides.ts';
import { createPriceBook, type PriceBook } from '../ledger/prices/price-book.ts';
import { createTokenCounter, type TokenCounter } from '../ledger/token-counter.ts';
import { sleep, systemClock, waitAtMost } from '../lib/clock.ts';
import { createLog, type Log } from '../lib/log.ts';
import { createWatchedList, type WatchedList } from '../lib/watched-list.ts';
import { createAuthenticate } from '../services/authenticate-key.ts';
import { createHouseMetrics, type HouseMetrics } from '../services/house-metrics.ts';
import { createKeyIndex, type KeyIndex } from '../services/key-index.ts';
import { openStore, type Store } from '../store/open-store.ts';
import { usageTotals } from '../store/usage-reading.ts';
import { openConnections } from '../upstream/wire/send-by-connection.ts';
import { type ComposedConsole, composeConsole } from './compose-console.ts';
import { composeDesks } from './compose-desks.ts';
import { type ComposedLimits, composeLimits } from './compose-limits.ts';
import { countSettled, guardMetrics } from './compose-metrics.ts';
import { type ComposedUpstream, composeUpstream } from './compose-upstream.ts';
import { openControlSocket } from './control-socket.ts';
import { listen } from './listen.ts';
import { watchVersions } from './watch-versions.ts';

/** What the live view can hold; requests beyond it are counted and served all the same. */
const LIVE_REQUESTS_MAX = 20_000;

export interface RunningServer {
  /** `http://host:port`, the port that was really taken. */
  readonly url: string;
  /** Lines for the operator, below the listening line. */
  readonly notices: readonly string[];
  /** Stops accepting, lets streams finish within the grace time, flushes. */
  readonly stop: () => Promise<void>;
  /** Cuts short the grace time of a stop that is under way. */
  readonly hasten: () => void;
  /** Reads the configuration anew; a bad one changes nothing and is logged. */
  readonly reloadConfig: () => Promise<void>;
}

/** Parts that must be ended, in the order they were made. */
interface House {
  readonly config: Config;
  readonly log: Log;
  readonly store: Store;
  readonly ledger: Ledger;
  readonly keys: KeyIndex;
  readonly upstream: ComposedUpstream;
  readonly watch: StreamWatch;
  readonly console: ComposedConsole;
  readonly prices: PriceBook;
  readonly tokenCounter: TokenCounter;
  readonly hangUps: HangUpRules;
  readonly live: WatchedList<Exchange>;
  readonly retention: RetentionJob;
  readonly limits: ComposedLimits;
  readonly metrics: HouseMetrics;
  /** Of the tollgate.yaml that was read last. */
  pricesInFile: Config['yaml']['prices'];
  closing: boolean;
}

/** Throws ConfigError, StoreRefused or CommandFailed, with the mend in the message, when it cannot start. */
export async function startServer(config: Config, reread: () => Config): Promise<RunningServer> {
  const house = await buildHouse(config);
  try {
    return openDoors(house, reread);
  } catch (error) {
    await tearDown(house);
    throw error;
  }
}

function openDoors(house: House, reread: () => Config): RunningServer {
  const { config } = house;
  const app = assemble(house);
  const { HOST: hostname, PORT: port } = config.settings;
  const server = listen({ hostname, port }, (address) =>
    Bun.serve({
      ...address,
      development: false,
      // Our own limit acts first and answers in the API's shape; this one is the backstop.
      maxRequestBodySize: config.settings.BODY_BYTES_MAX + 1024 * 1024,
      fetch: (request, bun) => app.fetch(request, bun),
      error: (error) => lastResort(house.log, error),
    }),
  );
  const socket = openControlSocket(config.dataDir, { reload: () => lookAgain(house) });
  const versions = watchVersions({
    store: house.store,
    log: house.log,
    onChange: {
      identity: () => house.keys.reload(),
      credentials: () => house.upstream.reloadCredentials(),
      prices: () => reloadPrices(house),
      limits: () => house.limits.reload(),
    },
  });
  const hurry = Promise.withResolvers<void>();
  const url = listeningUrl(hostname, server.port ?? 0);
  return {
    url,
    notices: noticesOf(house, url),
    hasten: () => hurry.resolve(),
    reloadConfig: async () => reload(house, reread),
    stop: async () => {
      house.closing = true;
      versions.stop();
      socket.stop();
      const stopped = server.stop();
      await waitAtMost(config.settings.SHUTDOWN_GRACE_SECONDS, drained(house), hurry.promise);
      house.watch.endAll();
      await waitAtMost(1_000, stopped);
      await server.stop(true);
      // Requests cut off by that settle as their callers' hang-ups do, before the ledger closes.
      await waitAtMost(1_000, drained(house));
      await tearDown(house);
    },
  };
}

function listeningUrl(host: string, port: number): string {
  return `http://${host.includes(':') ? `[${host}]` : host}:${port}`;
}

function noticesOf({ config, upstream, console }: House, url: string): string[] {
  const address = config.settings.PUBLIC_URL?.replace(/\/$/, '') ?? url;
  const setup =
    console.setupLink === null ? [] : [`set up the first admin at ${address}${console.setupLink}`];
  return [
    ...config.warnings.map((warning) => `warning: ${warning}`),
    ...upstream.notices,
    ...console.notices,
    ...setup,
  ];
}

async function buildHouse(config: Config): Promise<House> {
  createDataDir(config.dataDir);
  const { settings } = config;
  const log = createLog({ level: settings.LOG_LEVEL });
  const store = await openStore({
    path: config.databasePath,
    mode: 'threaded',
    busyTimeoutMs: settings.SQLITE_BUSY_TIMEOUT_MS,
  });
  const ledger = await createLedger({
    dataDir: config.dataDir,
    store,
    log,
    settings: ledgerSettings(config),
  });
  const keys = await createKeyIndex({
    store,
    pepper: config.secrets.pepper,
    previousPepper: settings.API_TOKEN_PEPPER_PREVIOUS,
    clock: systemClock,
  });
  const watch = createStreamWatch({
    clock: systemClock,
    readIdleMs: settings.TIMEOUT_READ_STREAMING,
    writeIdleMs: settings.TIMEOUT_WRITE,
  });
  const upstream = await composeUpstream(config, store, log);
  const overrides = await loadPriceOverrides(store, config.yaml.prices);
  const prices = createPriceBook({ clock: systemClock, overrides });
  const live = createWatchedList<Exchange>(LIVE_REQUESTS_MAX);
  const desks = composeDesks({ config, store, ledger, upstream, prices, live });
  const limits = await composeLimits({ store, ledger, clock: systemClock, log, yaml: config.yaml });
  const console = await composeConsole({ config, store, log, keys, desks, limits });
  const retention = startRetention({
    store,
    clock: systemClock,
    log,
    retentionDays: settings.USAGE_RETENTION_DAYS,
  });
  const metrics = createHouseMetrics({
    requestsInFlight: () => live.size(),
    streamsRunning: () => watch.size(),
    upstreamConnections: openConnections,
    apiKeys: () => keys.size(),
    admissionsHeld: () => limits.limiter.liveCount,
    limitRefusals: () => limits.limiter.refusalCount,
    ledger: () => ledger.stats,
  });
  const parts = {
    config,
    metrics,
    log,
    store,
    ledger,
    keys,
    watch,
    upstream,
    prices,
    tokenCounter: createTokenCounter(),
    hangUps: createHangUpRules(hangUpRules(config)),
    pricesInFile: config.yaml.prices,
    live,
    console,
    retention,
    limits,
  };
  return { ...parts, closing: false };
}

async function reloadPrices(house: House): Promise<void> {
  house.prices.setOverrides(await loadPriceOverrides(house.store, house.pricesInFile));
}

/** A provider's own rule counts for all its models; a rule for models is sharper. */
function hangUpRules({ yaml }: Config): Record<string, HangUpPolicy> {
  const ofProviders = Object.entries(yaml.providers).flatMap(([name, provider]) =>
    provider.on_hang_up ? [[`${name}/*`, provider.on_hang_up] as const] : [],
  );
  return { ...Object.fromEntries(ofProviders), ...yaml.on_hang_up };
}

function ledgerSettings({ settings }: Config) {
  return {
    journalBytesMax: settings.JOURNAL_BYTES_MAX,
    durability: settings.JOURNAL_SYNC,
    whenFull: settings.JOURNAL_FULL,
  };
}

function assemble(house: House): App {
  const { config, ledger, upstream, watch, log } = house;
  const { settings, secrets } = config;
  const authenticate = createAuthenticate({
    keys: house.keys,
    authMode: settings.AUTH_MODE,
    masterKey: settings.PROXY_API_KEY,
    pepper: secrets.pepper,
  });
  const gateway = createGateway({
    authenticate,
    pool: upstream.pool,
    router: upstream.router,
    reloadCredentials: upstream.reloadCredentials,
    catalogue: upstream.catalogue,
    ledger: countSettled(ledger, house.metrics),
    prices: house.prices,
    tokenCounter: house.tokenCounter,
    usageTotals: (question) => usageTotals(house.store.read, question),
    admit: createAdmit({
      limiter: house.limits.limiter,
      prices: house.prices,
      boundsOf: house.limits.boundsOf,
    }),
    limiter: house.limits.limiter,
    watch,
    hangUps: house.hangUps,
    live: house.live,
    clock: systemClock,
    log,
    timings: {
      bodyReadMs: settings.BODY_READ_SECONDS,
      deadlineMs: settings.GLOBAL_TIMEOUT,
      firstByteMs: settings.TIMEOUT_FIRST_BYTE,
      poolWaitMs: settings.TIMEOUT_POOL,
      shortRestMs: settings.SMALL_COOLDOWN_RETRY_THRESHOLD,
      wholeAnswerMs: settings.TIMEOUT_READ_NON_STREAMING,
      readIdleMs: settings.TIMEOUT_READ_STREAMING,
      writeIdleMs: settings.TIMEOUT_WRITE,
    },
    bodyBytesMax: settings.BODY_BYTES_MAX,
    errorCharsMax: settings.ERROR_MESSAGE_MAX_CHARS,
    temperatureZero: temperaturePolicy(settings.OVERRIDE_TEMPERATURE_ZERO),
    closing: () => house.closing,
  });
  return buildApp({
    gateway,
    console: house.console.door,
    readiness: { problem: () => readinessProblem(house) },
    proxies: createProxyTrust(settings.TRUSTED_PROXIES),
    cors: corsOf(settings),
    tls: settings.PUBLIC_URL?.startsWith('https://') === true,
    metrics: guardMetrics(house.metrics, settings.METRICS_TOKEN),
  });
}

/** Strangers may read this: what exactly failed, and where, is for the log. */
function readinessProblem({ closing, ledger, store }: House): string | null {
  if (closing) return 'shutting down';
  if (store.damage() !== null) return 'the database is damaged; restore a backup';
  return ledger.stats.failure === null ? null : 'usage cannot be stored; the log says why';
}

function corsOf(settings: Settings): Cors | null {
  if (settings.CORS_ALLOW_ORIGINS.length === 0) return null;
  return createCors({
    origins: settings.CORS_ALLOW_ORIGINS,
    credentials: settings.CORS_ALLOW_CREDENTIALS,
    methods: settings.CORS_ALLOW_METHODS,
    headers: settings.CORS_ALLOW_HEADERS,
  });
}

function temperaturePolicy(setting: string): 'keep' | 'remove' | 'set' {
  if (setting === 'false') return 'keep';
  return setting === 'remove' ? 'remove' : 'set';
}

/** Streams, and requests whose provider has not answered yet: all were accepted, so all may finish. */
async function drained({ watch, live }: House): Promise<void> {
  while (watch.size() + live.size() > 0) await sleep(50);
}

async function tearDown(house: House): Promise<void> {
  await house.retention.stop();
  house.tokenCounter.stop();
  house.watch.stop();
  house.metrics.stop();
  await house.limits.stop();
  await house.ledger.close();
  await house.upstream.stop();
  await house.store.close();
}

/** Takes in what commands and other processes changed in the store. */
async function lookAgain({ keys, limits, upstream }: House): Promise<void> {
  await Promise.all([keys.reload(), limits.reload(), upstream.reloadCredentials()]);
}

async function reload(house: House, reread: () => Config): Promise<void> {
  try {
    const config = reread();
    await house.limits.reconfigure(config.yaml);
    await house.upstream.reconfigure(config);
    await lookAgain(house);
    house.pricesInFile = config.yaml.prices;
    await reloadPrices(house);
    house.hangUps.replace(hangUpRules(config));
    house.log.info({}, 'configuration read anew');
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    house.log.error({ problems: error.problems }, 'the new configuration cannot be used; the old one stays');
  }
}

function lastResort(log: Log, error: unknown): Response {
  log.error(
    { error: error instanceof Error ? error.stack : String(error) },
    'a request failed outside its handler',
  );
  return Response.json(
    { error: { message: 'Something went wrong here.', type: 'api_error', code: 'internal' } },
    { status: 500 },
  );
}
