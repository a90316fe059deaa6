// What Prometheus may know of the house: counts by endpoint, provider and outcome, never by user, key or model,
// whose names come from callers without end. Counting is a few additions; the text is made when somebody asks.
import { monitorEventLoopDelay } from 'node:perf_hooks';
import Counter from 'prom-client/lib/counter.js';
import Gauge from 'prom-client/lib/gauge.js';
import Registry from 'prom-client/lib/registry.js';
import type { UsageEvent } from '../core/usage-event.ts';

export interface MetricSources {
  readonly requestsInFlight: () => number;
  readonly streamsRunning: () => number;
  readonly upstreamConnections: () => number;
  readonly apiKeys: () => number;
  /** Places that the limits have given and not got back. */
  readonly admissionsHeld: () => number;
  readonly limitRefusals: () => number;
  readonly ledger: () => {
    readonly pending: number;
    readonly openMarks: number;
    readonly journalBytes: number;
    readonly setAside: number;
    readonly uncounted: number;
    readonly orphansSwept: number;
    readonly failure: string | null;
  };
}

export interface HouseMetrics {
  /** Call once for each settled event. */
  readonly count: (event: UsageEvent) => void;
  /** The Prometheus text format. */
  readonly text: () => Promise<string>;
  readonly stop: () => void;
}

/** Upper bounds in seconds; the first byte of a chat answer lies anywhere in them. */
const BUCKETS_S = [0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300];
const BUCKET_NAMES = BUCKETS_S.map(String);
const REQUEST_LABELS = ['endpoint', 'provider', 'outcome', 'provenance'] as const;
const ATTEMPT_LABELS = ['provider', 'failure'] as const;
const TOKEN_LABELS = ['provider', 'direction'] as const;
const FIRST_BYTE_LABELS = ['endpoint', 'up_to_seconds'] as const;
/** More label sets than this would be somebody inventing names. */
const SERIES_MAX = 2_000;

type LoopDelay = ReturnType<typeof monitorEventLoopDelay>;
type Labels = Readonly<Record<string, string>>;

interface Row {
  readonly words: readonly string[];
  value: number;
}

/** Counts by label set, kept as plain numbers. */
class Tally {
  readonly #names: readonly string[];
  readonly #rows = new Map<string, Row>();
  /** The row of the call before: traffic comes in runs of one kind, and joining words to a key costs more than looking. */
  #last: Row | null = null;

  /** `names` are those of the labels, in the order in which `add` gets their values. */
  constructor(names: readonly string[]) {
    this.#names = names;
  }

  add(by: number, ...words: string[]): void {
    const row = this.#last && isSame(this.#last.words, words) ? this.#last : this.#find(words);
    if (row) row.value += by;
    this.#last = row;
  }

  addTo(counter: Counter): void {
    for (const { words, value } of this.#rows.values()) {
      const labels: Labels = Object.fromEntries(this.#names.map((name, at) => [name, words[at] ?? '']));
      counter.inc(labels, value);
    }
  }

  #find(words: readonly string[]): Row | null {
    const key = words.join(' ');
    const known = this.#rows.get(key);
    if (known) return known;
    if (this.#rows.size >= SERIES_MAX) return null;
    const row: Row = { words, value: 0 };
    this.#rows.set(key, row);
    return row;
  }
}

function publish(counter: Counter, ...tallies: readonly Tally[]): void {
  counter.reset();
  for (const tally of tallies) tally.addTo(counter);
}

function isSame(one: readonly string[], other: readonly string[]): boolean {
  for (let at = 0; at < other.length; at++) if (one[at] !== other[at]) return false;
  return true;
}

export function createHouseMetrics(sources: MetricSources): HouseMetrics {
  const registry = new Registry();
  const delay = monitorEventLoopDelay({ resolution: 20 });
  delay.enable();
  const requests = new Tally(REQUEST_LABELS);
  const attempts = new Tally(ATTEMPT_LABELS);
  const promptTokens = new Tally(TOKEN_LABELS);
  const completionTokens = new Tally(TOKEN_LABELS);
  const firstBytes = new Tally(FIRST_BYTE_LABELS);
  const counters = registerCounters(registry);
  registerGauges(registry, sources, delay);

  function countFirstByte(event: UsageEvent): void {
    if (event.firstByteMs === null) return;
    const seconds = event.firstByteMs / 1000;
    const at = BUCKETS_S.findIndex((bound) => seconds <= bound);
    firstBytes.add(1, event.endpoint, BUCKET_NAMES[at] ?? '+Inf');
  }

  return {
    count: (event) => {
      const { endpoint, outcome } = event;
      const provider = event.provider ?? 'none';
      requests.add(1, endpoint, provider, outcome, event.provenance);
      for (const attempt of event.attempts) attempts.add(1, attempt.provider, attempt.failure ?? 'none');
      promptTokens.add(event.usage.promptTokens ?? 0, provider, 'prompt');
      completionTokens.add(event.usage.completionTokens ?? 0, provider, 'completion');
      countFirstByte(event);
    },
    text: () => {
      publish(counters.requests, requests);
      publish(counters.attempts, attempts);
      publish(counters.tokens, promptTokens, completionTokens);
      publish(counters.firstBytes, firstBytes);
      return registry.metrics();
    },
    stop: () => delay.disable(),
  };
}

function registerCounters(registry: Registry) {
  const counter = (name: string, help: string, labelNames: readonly string[]) =>
    new Counter({ name: `tollgate_${name}`, help, labelNames: [...labelNames], registers: [registry] });
  return {
    requests: counter('requests_total', 'Requests that called a model, by how they ended.', REQUEST_LABELS),
    attempts: counter('attempts_total', 'Calls to providers, by failure.', ATTEMPT_LABELS),
    tokens: counter('tokens_total', 'Tokens as the ledger counts them.', TOKEN_LABELS),
    firstBytes: counter(
      'first_byte_total',
      'Answers by the bucket of their time to the first byte.',
      FIRST_BYTE_LABELS,
    ),
  };
}

function registerGauges(registry: Registry, sources: MetricSources, delay: LoopDelay): void {
  const gauge = (name: string, help: string, read: () => number) =>
    new Gauge({
      name: `tollgate_${name}`,
      help,
      registers: [registry],
      collect() {
        this.set(read());
      },
    });
  gauge('requests_in_flight', 'Requests under way.', sources.requestsInFlight);
  gauge('streams_running', 'Streams under way.', sources.streamsRunning);
  gauge(
    'upstream_connections',
    'Connections to providers that are open, idle ones included; none that the runtime’s fetch keeps.',
    sources.upstreamConnections,
  );
  gauge('api_keys', 'API keys held in memory.', sources.apiKeys);
  gauge('admissions_held', 'Places that limits have given and not got back.', sources.admissionsHeld);
  gauge('limit_refusals', 'Requests refused by limits since the start.', sources.limitRefusals);
  const ledger = sources.ledger;
  gauge('ledger_pending_events', 'Settled events not in the database yet.', () => ledger().pending);
  gauge('ledger_open_marks', 'Requests written down as begun and not ended.', () => ledger().openMarks);
  gauge('ledger_journal_bytes', 'Bytes of the journal on disk.', () => ledger().journalBytes);
  gauge(
    'ledger_set_aside',
    'Journal lines that could not be read and were kept aside.',
    () => ledger().setAside,
  );
  gauge(
    'ledger_uncounted_events',
    'Events nothing could take. Above 0 is an alarm.',
    () => ledger().uncounted,
  );
  gauge(
    'ledger_orphans_swept',
    'Requests of a dead process, swept at the start.',
    () => ledger().orphansSwept,
  );
  gauge('ledger_failing', '1 while usage cannot be stored or journaled.', () =>
    ledger().failure === null ? 0 : 1,
  );
  gauge(
    'event_loop_delay_p99_seconds',
    'Delay of the event loop, 99th percentile since the last scrape.',
    () => {
      const seconds = delay.percentile(99) / 1e9;
      delay.reset();
      return Number.isFinite(seconds) ? seconds : 0;
    },
  );
  gauge('memory_resident_bytes', 'Memory of the process.', () => process.memoryUsage.rss());
}
