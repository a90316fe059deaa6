// A Tollgate with two keys of one scripted provider, so that every fault can be seen alone and with somewhere else to go.
// A failing key rests afterwards: each fault is played on a provider of its own.
import {
  type Script,
  type ScriptedUpstream,
  startScriptedUpstream,
  type UpstreamRequest,
} from './scripted-upstream.ts';
import { startTollgate, type TestTollgate, type UsageRow } from './start-tollgate.ts';

export interface FaultHouse {
  readonly tollgate: TestTollgate;
  readonly upstream: ScriptedUpstream;
  /** Plays `script` for a provider that nobody has used yet, with `keys` keys: `key-1`, `key-2`. */
  readonly provider: (keys: 1 | 2, script: Script) => string;
  readonly ask: (provider: string, more?: object) => Promise<Seen>;
  /** The one event and its attempts since the last call. */
  readonly ledger: () => Promise<LedgerEntry>;
  readonly stop: () => Promise<void>;
}

export interface Seen {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
}

export interface LedgerEntry {
  readonly event: UsageRow;
  readonly attempts: Awaited<ReturnType<typeof readAttempts>>;
}

/** Providers a house can have, each used once. */
const PROVIDERS = 40;

export async function startFaultHouse(environment: Record<string, string> = {}): Promise<FaultHouse> {
  const scripts = new Map<string, Script>();
  const upstream = await startScriptedUpstream((request, index) => {
    const script = scripts.get(request.path.split('/')[1] ?? '');
    return script ? script(request, index) : { status: 404, steps: [{ send: '{}' }] };
  });
  const settings: Record<string, string> = {};
  for (let number = 1; number <= PROVIDERS; number++) {
    settings[`ONE${number}_API_BASE`] = `${upstream.url}/one${number}`;
    settings[`TWO${number}_API_BASE`] = `${upstream.url}/two${number}`;
    settings[`ONE${number}_API_KEY`] = 'key-1';
    settings[`TWO${number}_API_KEY_1`] = 'key-1';
    settings[`TWO${number}_API_KEY_2`] = 'key-2';
    // The first key goes first, so that a test knows who is asked.
    settings[`PRIORITY_TWO${number}_1`] = '1';
    settings[`PRIORITY_TWO${number}_2`] = '2';
  }
  const tollgate = await startTollgate({ ...settings, LOG_LEVEL: 'silent', ...environment });
  let used = 0;
  let seen = 0;
  return {
    tollgate,
    upstream,
    provider: (keys, script) => {
      used += 1;
      if (used > PROVIDERS) throw new Error('this house has no provider left');
      const name = `${keys === 1 ? 'one' : 'two'}${used}`;
      scripts.set(name, script);
      return name;
    },
    ask: async (provider, more = {}) => {
      const messages = [{ role: 'user', content: 'hello there' }];
      const response = await tollgate.post('/v1/chat/completions', {
        model: `${provider}/m`,
        messages,
        ...more,
      });
      return { status: response.status, headers: response.headers, text: await response.text() };
    },
    ledger: async () => {
      const rows = await tollgate.usageEvents(seen + 1);
      if (rows.length !== seen + 1) throw new Error(`${rows.length - seen} events instead of one`);
      seen += 1;
      // Several may share a millisecond: the newest is the one with the greatest id.
      const event = [...rows].sort((a, b) => (a.id < b.id ? -1 : 1)).at(-1);
      if (!event) throw new Error('no event');
      return { event, attempts: await readAttempts(tollgate, event.id) };
    },
    stop: async () => {
      await tollgate.stop();
      await upstream.stop();
    },
  };
}

function readAttempts({ store }: TestTollgate, eventId: string) {
  return store.read
    .selectFrom('usage_attempts')
    .selectAll()
    .where('event_id', '=', eventId)
    .orderBy('ordinal')
    .execute();
}

export function keyOf(request: UpstreamRequest): string {
  return String(request.headers.authorization).replace('Bearer ', '');
}
