// Guarantee: a budget's counter equals the ledger's rows, at the first start, after a crash, and when it is set in the
// middle of traffic; no end is missed and none is counted twice.
import { afterEach, beforeEach, expect, test } from 'bun:test';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { spanAt } from '../../src/core/limits/budget-period.ts';
import type { Limit } from '../../src/core/limits/limit.ts';
import { chargedNanoUsd, chargedTokens, type UsageEvent } from '../../src/core/usage-event.ts';
import { createLedger, type Ledger } from '../../src/ledger/create-ledger.ts';
import { systemClock } from '../../src/lib/clock.ts';
import { silentLog } from '../../src/lib/log.ts';
import { createLimitsLoader } from '../../src/limits/load-limits.ts';
import { MemoryLimiter } from '../../src/limits/memory-limiter.ts';
import { deleteLimit, saveLimit } from '../../src/store/limits.ts';
import { openStore, type Store } from '../../src/store/open-store.ts';
import { insertUsageEvents } from '../../src/store/usage-events.ts';
import { ManualClock } from '../support/manual-clock.ts';
import { sampleLimit } from '../support/samples.ts';
import { usageEvent, usageOf } from '../support/usage-events.ts';

let folder = '';
let store: Store;
beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'tollgate-limits-'));
  store = await openStore({ path: join(folder, 'tollgate.db'), mode: 'inline' });
});
afterEach(async () => {
  await store.close();
  rmSync(folder, { recursive: true, force: true });
});

const noFlush = async () => {};
const NOW = '2026-11-23T12:07:00Z';
const at = (iso: string) => Date.parse(iso);

function loaderAt(clock: { nowMs: () => number; monotonicMs: () => number }, flush = noFlush) {
  const limiter = new MemoryLimiter({ clock, log: silentLog });
  return { limiter, loader: createLimitsLoader({ store, limiter, flush, clock }) };
}

const used = (limiter: MemoryLimiter) =>
  Object.fromEntries(limiter.allStates().map((state) => [state.limit.id, state.used]));

/** What the rows say: the definition that all counters are held against. */
function byRows(limit: Limit, events: readonly UsageEvent[], nowMs: number): number {
  const span = spanAt(limit.period ?? 'forever', limit.timeZone, nowMs);
  return events
    .filter(({ timeMs }) => timeMs >= span.startMs && timeMs < span.endMs)
    .filter(({ userId, keyId }) => [null, userId, keyId].includes(limit.scopeId))
    .reduce(
      (sum, each) => sum + (limit.kind === 'budget_money' ? chargedNanoUsd(each) : chargedTokens(each)),
      0,
    );
}

function everyBudget(): Limit[] {
  const scopes = [
    { scope: 'house', scopeId: null },
    { scope: 'user', scopeId: 'usr_a' },
    { scope: 'key', scopeId: 'key_a' },
    { scope: 'key', scopeId: 'key_never_used' },
  ] as const;
  return scopes.flatMap((scope) =>
    (['budget_money', 'budget_tokens'] as const).flatMap((kind) =>
      (['day', 'week', 'month', 'forever'] as const).map((period) =>
        sampleLimit({
          ...scope,
          id: `lim_${scope.scopeId}_${kind}_${period}`,
          kind,
          period,
          amount: 1e12,
          timeZone: period === 'day' ? 'Asia/Kathmandu' : 'Europe/Berlin',
        }),
      ),
    ),
  );
}

test('at the start every budget equals the rows of its period, whatever its zone, and what is held counts', async () => {
  const days = [0, 0.1, 0.5, 0.9, 1.2, 3, 8, 20, 22.4, 22.6, 40, 400];
  const events = days.flatMap((days, index) => [
    usageEvent({
      timeMs: at(NOW) - days * 86_400_000,
      costNanoUsd: 1_000 + index,
      usage: usageOf(10, index),
    }),
    usageEvent({
      timeMs: at(NOW) - days * 86_400_000 - 1,
      userId: 'usr_b',
      keyId: 'key_b',
      costNanoUsd: null,
      usage: usageOf(0, 0),
    }),
    usageEvent({
      timeMs: at(NOW) - days * 86_400_000 + 1,
      costNanoUsd: null,
      usage: { ...usageOf(0, 0), promptTokens: null, completionTokens: null },
      outcome: 'unknown',
      heldNanoUsd: 77_000,
      heldTokens: 700,
    }),
  ]);
  await insertUsageEvents(store, events);
  const limits = everyBudget();
  for (const limit of limits) await saveLimit(store.write, limit, 1);
  const { limiter, loader } = loaderAt(new ManualClock(NOW));
  await loader.reload();
  const expected = Object.fromEntries(limits.map((limit) => [limit.id, byRows(limit, events, at(NOW))]));
  expect(used(limiter)).toEqual(expected);
  expect(expected.lim_usr_a_budget_money_forever).toBeGreaterThan(900_000);
  expect(expected.lim_key_never_used_budget_money_month).toBe(0);
});

test('limits that were set, changed and removed elsewhere hold from the next reload on', async () => {
  const { limiter, loader } = loaderAt(new ManualClock(NOW));
  const admit = () =>
    limiter.admit({
      eventId: 'req_x',
      timeMs: at(NOW),
      userId: 'usr_a',
      keyId: 'key_sample',
      model: 'm',
      tokensMax: 1,
      nanoUsdMax: 1,
      shape: 'openai',
    });
  await loader.reload();
  admit();
  await saveLimit(store.write, sampleLimit({ kind: 'concurrent_requests', amount: 1 }), 1);
  await loader.reload();
  expect(admit).toThrow('requests at once');
  await saveLimit(store.write, sampleLimit({ kind: 'concurrent_requests', amount: 2 }), 2);
  await loader.reload();
  admit();
  await deleteLimit(store.write, 'lim_sample');
  await loader.reload();
  for (let i = 0; i < 5; i++) admit();
});

test('a load that fails leaves the limits in force as they were', async () => {
  let broken = false;
  const flush = async () => {
    if (broken) throw new Error('no flush');
  };
  const { limiter, loader } = loaderAt(new ManualClock(NOW), flush);
  await saveLimit(store.write, sampleLimit({ amount: 5 }), 1);
  await loader.reload();
  broken = true;
  await saveLimit(
    store.write,
    sampleLimit({ id: 'lim_b', kind: 'budget_money', period: 'day', amount: 5 }),
    1,
  );
  await expect(loader.reload()).rejects.toThrow('no flush');
  expect(Object.keys(used(limiter))).toEqual(['lim_sample']);
  broken = false;
  await loader.reload();
  expect(Object.keys(used(limiter)).sort()).toEqual(['lim_b', 'lim_sample']);
});

/** Real requests through limiter and ledger, as the gateway ends them. */
class Traffic {
  readonly events: UsageEvent[] = [];
  stopped = false;
  readonly limiter: MemoryLimiter;
  readonly ledger: Ledger;

  constructor(limiter: MemoryLimiter, ledger: Ledger) {
    this.limiter = limiter;
    this.ledger = ledger;
  }

  async run(lengthMs: number): Promise<void> {
    while (!this.stopped) {
      const event = usageEvent({ timeMs: Date.now(), costNanoUsd: 1 + (this.events.length % 7) });
      const admission = this.limiter.admit({
        eventId: event.id,
        timeMs: event.timeMs,
        userId: event.userId,
        keyId: event.keyId,
        model: 'm',
        tokensMax: 100,
        nanoUsdMax: 1_000,
        shape: 'openai',
      });
      await Bun.sleep(lengthMs);
      this.ledger.settle(event);
      this.events.push(event);
      admission.settle({ costNanoUsd: event.costNanoUsd, ...event.usage });
    }
  }
}

test('budgets set in the middle of traffic count every request once', async () => {
  const threaded = await openStore({ path: join(folder, 'busy.db'), mode: 'threaded' });
  const ledger = await createLedger({ dataDir: folder, store: threaded, log: silentLog });
  const limiter = new MemoryLimiter({ clock: systemClock, log: silentLog });
  const loader = createLimitsLoader({
    store: threaded,
    limiter,
    flush: () => ledger.flush(),
    clock: systemClock,
  });
  await loader.reload();
  const traffic = new Traffic(limiter, ledger);
  const runners = Array.from({ length: 24 }, (_, index) => traffic.run(1 + (index % 6) * 3));
  const budgets = everyBudget();
  for (const limit of budgets) {
    await Bun.sleep(7);
    await saveLimit(threaded.write, limit, 1);
    await loader.reload();
  }
  traffic.stopped = true;
  await Promise.all(runners);
  expect(traffic.events.length).toBeGreaterThan(200);
  const expected = budgets.map((limit) => [limit.id, byRows(limit, traffic.events, Date.now())]);
  expect(used(limiter)).toEqual(Object.fromEntries(expected));
  expect(limiter.allStates().every(({ reserved }) => reserved === 0)).toBe(true);

  await ledger.close();
  const again = new MemoryLimiter({ clock: systemClock, log: silentLog });
  await createLimitsLoader({ store: threaded, limiter: again, flush: noFlush, clock: systemClock }).reload();
  expect(used(again)).toEqual(used(limiter));
  await threaded.close();
}, 20_000);
