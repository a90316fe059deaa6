// Guarantee: the words without a domain do what their comments say; everything above is built on them.
import { expect, test } from 'bun:test';
import { assert, required } from '../../src/lib/assert.ts';
import { BoundedQueue } from '../../src/lib/bounded-queue.ts';
import { sleep, systemClock } from '../../src/lib/clock.ts';
import { newId, randomToken } from '../../src/lib/id.ts';
import { createLog } from '../../src/lib/log.ts';

test('a bounded queue keeps order across growth and wrap, and refuses what is above its maximum', () => {
  const queue = new BoundedQueue<number>(100);
  for (let i = 0; i < 50; i++) queue.push(i);
  expect(queue.take(30)).toEqual([...Array(30).keys()]);
  for (let i = 50; i < 130; i++) expect(queue.push(i)).toBe(true);
  expect(queue.push(999)).toBe(false);
  expect(queue.size).toBe(100);
  expect(queue.take(1_000)).toEqual(Array.from({ length: 100 }, (_, i) => i + 30));
});

test('sleep ends early, with the reason, when its signal is aborted', async () => {
  const controller = new AbortController();
  const slept = sleep(60_000, controller.signal);
  controller.abort(new Error('enough'));
  await expect(slept).rejects.toThrow('enough');
  const before = systemClock.monotonicMs();
  await sleep(5);
  expect(systemClock.monotonicMs() - before).toBeGreaterThan(3);
});

test('ids carry their kind, sort by time and do not repeat', () => {
  const ids = Array.from({ length: 1_000 }, () => newId('req'));
  expect(new Set(ids).size).toBe(1_000);
  expect([...ids].sort()).toEqual(ids);
  expect(ids[0]).toMatch(/^req_[0-9a-f]{32}$/);
  expect(randomToken(32)).toMatch(/^[\w-]{43}$/);
});

test('an assertion names the invariant that broke', () => {
  expect(() => assert(false, 'two and two')).toThrow('invariant broken: two and two');
  expect(() => required(null, 'the answer')).toThrow('the answer is missing');
  expect(required(0, 'zero')).toBe(0);
});

test('a log line is one JSON object, and secret fields are masked at every depth that is covered', () => {
  const lines: string[] = [];
  const log = createLog({ level: 'info', write: (line) => lines.push(line) });
  log.info({ password: 'hunter2', nested: { apiKey: 'sk-1', deeper: { secret: 's' } }, model: 'm' }, 'said');
  log.debug({}, 'below the level');
  expect(lines.length).toBe(1);
  expect(JSON.parse(lines[0] ?? '')).toMatchObject({ level: 'info', msg: 'said', model: 'm' });
  expect(lines[0]).not.toMatch(/hunter2|sk-1|"s"/);
});
