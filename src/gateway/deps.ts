// What the data plane is handed: values and narrow ports, never the whole configuration.
import type { UsageEvent } from '../core/usage-event.ts';
import type { OpenMark, SettledEvent } from '../ledger/open-mark.ts';
import type { PriceBook } from '../ledger/prices/price-book.ts';
import type { StartedMark } from '../ledger/recover.ts';
import type { TokenCounter } from '../ledger/token-counter.ts';
import type { Clock } from '../lib/clock.ts';
import type { Log } from '../lib/log.ts';
import type { WatchedList } from '../lib/watched-list.ts';
import type { Limiter } from '../limits/limiter.ts';

import type { Authenticate } from '../services/authenticate-key.ts';
import type { UsageQuestion, UsageTotals } from '../store/usage-reading.ts';
import type { Router } from '../upstream/create-router.ts';
import type { Pool } from '../upstream/pool/pool.ts';
import type { Admit } from './admit.ts';
import type { Exchange } from './exchange.ts';
import type { HangUpRules } from './hang-up.ts';
import type { StreamWatch } from './stream-watch.ts';

/** The part of the ledger that a request needs. */
export interface UsageSink {
  /** Throws `store_unavailable` when what this request will use could not be written down. */
  readonly admit: (budgeted: boolean) => void;
  /** A mark for a process that dies, to leave a row and not a gap. Throws as admit does. Await `confirmed` before going upstream. */
  readonly begin: (started: StartedMark, budgeted: boolean) => OpenMark | null;
  /**
   * Takes the event and the mark its request began with; throws `store_unavailable` at the bound. Await `confirmed` before the
   * last byte goes out: what is answered here tells whether its rejection concerns this event.
   */
  readonly settle: (event: UsageEvent, mark: OpenMark | null) => SettledEvent;
  /**
   * Resolves once what was begun and settled survives this process; null when it does. Rejects with `store_unavailable` when
   * something of the same turn does not.
   */
  readonly confirmed: () => Promise<void> | null;
}

export interface GatewayTimings {
  readonly bodyReadMs: number;
  /** Over all attempts, until an answer must have begun. */
  readonly deadlineMs: number;
  /** Until a stream's headers, for one call, when another one may still be made. */
  readonly firstByteMs: number;
  /** For a free provider key. */
  readonly poolWaitMs: number;
  /** A provider's limit that ends within this time is waited out. */
  readonly shortRestMs: number;
  /** For the whole of an answer that is not streamed. */
  readonly wholeAnswerMs: number;
  /** Silence of a provider after which its stream counts as dead. */
  readonly readIdleMs: number;
  /** How long a caller may take none of its answer. */
  readonly writeIdleMs: number;
}

export interface GatewayDeps {
  readonly authenticate: Authenticate;
  readonly pool: Pool;
  /** Reads stored provider keys anew. */
  readonly reloadCredentials: () => Promise<void>;
  readonly router: Pick<Router, 'routesOf'>;
  readonly ledger: UsageSink;
  readonly prices: PriceBook;
  readonly tokenCounter: TokenCounter;
  readonly usageTotals: (question: UsageQuestion) => Promise<UsageTotals>;
  readonly admit: Admit;
  readonly limiter: Pick<Limiter, 'statesOf' | 'admit'>;
  readonly watch: StreamWatch;
  readonly hangUps: HangUpRules;
  /** Admitted requests until they are settled: for the dashboard's live view. */
  readonly live: WatchedList<Exchange>;
  readonly clock: Clock;
  readonly log: Log;
  readonly timings: GatewayTimings;
  readonly bodyBytesMax: number;
  readonly errorCharsMax: number;
  readonly temperatureZero: 'keep' | 'remove' | 'set';
  /** True while the server shuts down: new requests are refused. */
  readonly closing: () => boolean;
}
