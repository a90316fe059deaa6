// What Prometheus may know of the house: counts by endpoint, provider and outcome, never by user, key or model,
// whose names come from callers without end. Counting is a few additions; the text is made when somebody asks.
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { Counter, Gauge, Registry } from 'prom-client';
import type { UsageEvent } from '../core/usage-event.ts';

export interface MetricSources {
  readonly requestsInFlight: () => number;
  readonly streamsRunning: () => number;
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
/** More label sets than this would be somebody inventing names. */
const SERIES_MAX = 2_000;

type LoopDelay = ReturnType<typeof monitorEventLoopDelay>;
type Labels = Readonly<Record<string, string>>;

/** Counts by label set, kept as plain numbers. */
class Tally {
  readonly #rows = new Map<string, { readonly labels: Labels; value: number }>();

  add(name: string, labels: () => Labels, by = 1): void {
    const row = this.#rows.get(name);
    if (row) row.value += by;
    else if (this.#rows.size < SERIES_MAX) this.#rows.set(name, { labels: labels(), value: by });
  }

  publish(counter: Counter): void {
    counter.reset();
    for (const { labels, value } of this.#rows.values()) counter.inc(labels, value);
  }
}

export function createHouseMetrics(sources: MetricSources): HouseMetrics {
  const registry = new Registry();
  const delay = monitorEventLoopDelay({ resolution: 20 });
  delay.enable();
  const requests = new Tally();
  const attempts = new Tally();
  const tokens = new Tally();
  const firstBytes = new Tally();
  const counters = registerCounters(registry);
  registerGauges(registry, sources, delay);

  function countFirstByte(event: UsageEvent): void {
    if (event.firstByteMs === null) return;
    const seconds = event.firstByteMs / 1000;
    const at = BUCKETS_S.findIndex((bound) => seconds <= bound);
    const le = at < 0 ? '+Inf' : String(BUCKETS_S[at]);
    firstBytes.add(`${event.endpoint} ${le}`, () => ({ endpoint: event.endpoint, up_to_seconds: le }));
  }

  return {
    count: (event) => {
      const { endpoint, outcome } = event;
      const provider = event.provider ?? 'none';
      requests.add(`${endpoint} ${provider} ${outcome} ${event.provenance}`, () => ({
        endpoint,
        provider,
        outcome,
        provenance: event.provenance,
      }));
      for (const attempt of event.attempts) {
        const failure = attempt.failure ?? 'none';
        attempts.add(`${attempt.provider} ${failure}`, () => ({ provider: attempt.provider, failure }));
      }
      const { promptTokens, completionTokens } = event.usage;
      tokens.add(`in ${provider}`, () => ({ provider, direction: 'prompt' }), promptTokens ?? 0);
      tokens.add(`out ${provider}`, () => ({ provider, direction: 'completion' }), completionTokens ?? 0);
      countFirstByte(event);
    },
    text: () => {
      requests.publish(counters.requests);
      attempts.publish(counters.attempts);
      tokens.publish(counters.tokens);
      firstBytes.publish(counters.firstBytes);
      return registry.metrics();
    },
    stop: () => delay.disable(),
  };
}

function registerCounters(registry: Registry) {
  const counter = (name: string, help: string, labelNames: string[]) =>
    new Counter({ name: `tollgate_${name}`, help, labelNames, registers: [registry] });
  return {
    requests: counter('requests_total', 'Requests that called a model, by how they ended.', [
      'endpoint',
      'provider',
      'outcome',
      'provenance',
    ]),
    attempts: counter('attempts_total', 'Calls to providers, by failure.', ['provider', 'failure']),
    tokens: counter('tokens_total', 'Tokens as the ledger counts them.', ['provider', 'direction']),
    firstBytes: counter('first_byte_total', 'Answers by the bucket of their time to the first byte.', [
      'endpoint',
      'up_to_seconds',
    ]),
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
