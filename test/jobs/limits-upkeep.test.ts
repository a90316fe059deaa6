// Guarantee: what limits saw is kept for the monthly report, across days and restarts, and a store that is away costs
// no more than the report's newest minute.
import { expect, test } from 'bun:test';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startLimitsUpkeep } from '../../src/jobs/limits-upkeep.ts';
import { type Log, silentLog } from '../../src/lib/log.ts';
import { ADMISSION_AGE_MAX_MS, MemoryLimiter } from '../../src/limits/memory-limiter.ts';
import { limitReport, monthSpan } from '../../src/services/limits/limit-report.ts';
import { saveLimit } from '../../src/store/limits.ts';
import { openStore } from '../../src/store/open-store.ts';
import { ManualClock } from '../support/manual-clock.ts';
import { sampleLimit } from '../support/samples.ts';

test('peaks and refusals reach the report; lost requests are ended', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'tollgate-upkeep-'));
  const store = await openStore({ path: join(folder, 'tollgate.db'), mode: 'inline' });
  const clock = new ManualClock('2026-11-29T23:00:00Z');
  const warnings: string[] = [];
  const log: Log = { ...silentLog, warn: (_, message) => warnings.push(message) };
  const limiter = new MemoryLimiter({ clock, log: silentLog });
  const limit = sampleLimit({ amount: 4 });
  await saveLimit(store.write, limit, 1);
  limiter.replace([limit], new Map());
  const upkeep = startLimitsUpkeep({ limiter, store, clock, log });
  const admit = () =>
    limiter.admit({
      eventId: 'req_1',
      timeMs: clock.nowMs(),
      userId: null,
      keyId: 'key_sample',
      model: 'm',
      tokensMax: 1,
      nanoUsdMax: 1,
      shape: 'openai',
    });
  for (let i = 0; i < 4; i++) admit();
  await upkeep.run();
  expect(() => admit()).toThrow();
  await upkeep.run();
  clock.advance(2 * 3_600_000);
  expect(() => [0, 1, 2, 3, 4].map(admit)).toThrow();
  await upkeep.stop();
  const span = monthSpan('2026-11');
  if (!span) throw new Error('2026-11 is a month');
  const report = await limitReport(store, { ...span, nearPercent: 80 });
  expect(report).toMatchObject([{ limitId: limit.id, peakPercent: 100, refusals: 2 }]);
  const days = await store.read.selectFrom('limit_peaks').selectAll().execute();
  expect(days.map(({ refusals }) => refusals)).toEqual([1, 1]);

  expect(limiter.liveCount).toBe(8);
  clock.advance(ADMISSION_AGE_MAX_MS);
  await upkeep.run();
  expect(limiter.liveCount).toBe(0);

  admit();
  await store.close();
  await upkeep.run();
  expect(warnings).toEqual(['how near limits came could not be kept']);
  rmSync(folder, { recursive: true, force: true });
});
