// Guarantee: a time limit fires once, never early, and not at all when it was called off.
import { expect, test } from 'bun:test';
import { cancelTimer, startCoarseTimer, startTimer } from '../../src/lib/coarse-timer.ts';

for (const ms of [50, 2_000]) {
  test(`a limit of ${ms} ms fires once and never early`, async () => {
    const startedMs = performance.now();
    let fired = 0;
    await new Promise<void>((resolve) => {
      startTimer(ms, {
        expire: () => {
          fired += 1;
          resolve();
        },
      });
    });
    expect(performance.now() - startedMs).toBeGreaterThanOrEqual(ms - 1);
    await Bun.sleep(250);
    expect(fired).toBe(1);
  });

  test(`a limit of ${ms} ms that was called off never fires`, async () => {
    let fired = false;
    const timer = startTimer(ms, {
      expire: () => {
        fired = true;
      },
    });
    const later = new Promise<void>((resolve) => void startTimer(ms + 100, { expire: resolve }));
    cancelTimer(timer);
    cancelTimer(timer);
    await later;
    expect(fired).toBe(false);
  });
}

test('thousands of limits that were called off leave those that were not', async () => {
  let fired = 0;
  const done = new Promise<void>((resolve) => {
    startTimer(2_050, {
      expire: () => {
        fired += 1;
        resolve();
      },
    });
  });
  for (let each = 0; each < 10_000; each++) cancelTimer(startTimer(2_050, { expire: () => (fired += 1) }));
  await done;
  expect(fired).toBe(1);
});

test('a limit set after the loop was held up counts from when it was set', async () => {
  // Something keeps the ticks running, so that there are some to make up for.
  const other = startTimer(60_000, { expire: () => {} });
  await Bun.sleep(150);
  const heldUntilMs = performance.now() + 600;
  while (performance.now() < heldUntilMs);
  const startedMs = performance.now();
  await new Promise<void>((resolve) => void startTimer(2_000, { expire: resolve }));
  expect(performance.now() - startedMs).toBeGreaterThanOrEqual(2_000 - 1);
  cancelTimer(other);
});

test('a limit that begins just before a late tick is not early for it, and one of nothing expires', async () => {
  const other = startTimer(60_000, { expire: () => {} });
  const lastedMs = (ms: number) =>
    new Promise<number>((resolve) => {
      const startedMs = performance.now();
      startCoarseTimer(ms, { expire: () => resolve(performance.now() - startedMs) });
    });
  const lasted: Promise<number>[] = [];
  for (let round = 0; round < 8; round++) {
    await Bun.sleep(20 + round * 11);
    const heldUntilMs = performance.now() + 95;
    while (performance.now() < heldUntilMs);
    lasted.push(lastedMs(100));
  }
  for (const ms of await Promise.all(lasted)) {
    expect(ms).toBeGreaterThanOrEqual(100 - 1);
    expect(ms).toBeLessThan(500);
  }
  expect(await lastedMs(0)).toBeLessThan(400);
  cancelTimer(other);
});

/** The shortest of limits of 100 ms that begin ten milliseconds apart: one of them began just before a tick. */
async function shortestOfTen(): Promise<number> {
  const lasted: Promise<number>[] = [];
  for (let round = 0; round < 10; round++) {
    lasted.push(
      new Promise((resolve) => {
        const startedMs = performance.now();
        startCoarseTimer(100, { expire: () => resolve(performance.now() - startedMs) });
      }),
    );
    await Bun.sleep(10);
  }
  return Math.min(...(await Promise.all(lasted)));
}

test('a short limit is late by one tick at most, wherever between two ticks it begins', async () => {
  const other = startTimer(60_000, { expire: () => {} });
  // A machine held up by others adds to all ten of a round: it is the quietest round that tells.
  let shortest = Number.POSITIVE_INFINITY;
  for (let round = 0; round < 6 && shortest >= 200; round++)
    shortest = Math.min(shortest, await shortestOfTen());
  expect(shortest).toBeGreaterThanOrEqual(100 - 1);
  expect(shortest).toBeLessThan(200);
  cancelTimer(other);
});
