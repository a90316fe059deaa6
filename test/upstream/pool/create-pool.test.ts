// Guarantee: rests are real. The ladder, lock-outs, quarantine, quota groups, caps and cycles hold on a moved clock,
// client mistakes never burn a key (E5), and a refused key is not tried twice (E4).
import { describe, expect, test } from 'bun:test';
import type { FailureKind } from '../../../src/core/usage-event.ts';
import { createPool } from '../../../src/upstream/pool/create-pool.ts';
import type { AcquireRequest, Lease } from '../../../src/upstream/pool/lease.ts';
import type { Pool } from '../../../src/upstream/pool/pool.ts';
import { defaultPoolSettings, type PoolSettings } from '../../../src/upstream/pool/pool-settings.ts';
import { discoverProviders } from '../../../src/upstream/providers/discover.ts';

function setUp(keys: number, settings: Partial<PoolSettings> = {}) {
  const env = Object.fromEntries(
    Array.from({ length: keys }, (_, i) => [`OPENAI_API_KEY_${i + 1}`, `sk-key-${i + 1}`]),
  );
  const clock = { now: 1_000_000 };
  const pool = createPool({
    ...discoverProviders(env),
    clock: { nowMs: () => 1.7e12 + clock.now, monotonicMs: () => clock.now },
    settings: new Map([['openai', { ...defaultPoolSettings(settings.mode), ...settings }]]),
    random: () => 0,
  });
  return { pool, pass: (ms: number) => (clock.now += ms) };
}

function take(pool: Pool, request: Partial<AcquireRequest> = {}): Lease {
  const acquired = pool.acquire({ provider: 'openai', model: 'm', ...request });
  if (acquired.kind !== 'lease') throw new Error(JSON.stringify(acquired));
  return acquired.lease;
}

function fail(lease: Lease, failure: FailureKind, retryAfterMs: number | null = null): void {
  lease.release({ kind: 'failure', failure, retryAfterMs });
}

const waitOf = (pool: Pool, model = 'm') => {
  const acquired = pool.acquire({ provider: 'openai', model });
  if (acquired.kind === 'lease') acquired.lease.release({ kind: 'neutral' });
  return acquired.kind === 'cooling' ? acquired.waitMs : acquired.kind;
};

describe('rests', () => {
  test('the ladder is 10, 30, 60, 120, 120 s for failures in a row, and a success starts it afresh', () => {
    const { pool, pass } = setUp(1);
    for (const seconds of [10, 30, 60, 120, 120]) {
      fail(take(pool), 'forbidden');
      expect(waitOf(pool)).toBe(seconds * 1_000);
      pass(seconds * 1_000);
    }
    take(pool).release({ kind: 'success' });
    fail(take(pool), 'forbidden');
    expect(waitOf(pool)).toBe(10_000);
  });

  test('a limit without a hint never takes the only key away at once, and another key is preferred meanwhile', () => {
    const alone = setUp(1).pool;
    fail(take(alone), 'rate_limit');
    expect(waitOf(alone)).toBe('lease');
    const { pool } = setUp(2);
    const limited = take(pool);
    fail(limited, 'rate_limit');
    expect(take(pool).credential.id).not.toBe(limited.credential.id);
  });

  test('calls that were out together climb one step together', () => {
    const { pool } = setUp(1);
    take(pool).release({ kind: 'success' });
    const together = [take(pool), take(pool), take(pool)];
    for (const lease of together) fail(lease, 'forbidden');
    expect(waitOf(pool)).toBe(10_000);
  });

  test('a hint is obeyed exactly, a later shorter one never shortens it, an older success never ends it', () => {
    const { pool, pass } = setUp(1);
    take(pool).release({ kind: 'success' });
    const [older, first, second] = [take(pool), take(pool), take(pool)];
    pass(5);
    fail(first, 'rate_limit', 40_000);
    fail(second, 'rate_limit', 2_000);
    older.release({ kind: 'success' });
    expect(waitOf(pool)).toBe(40_000);
    pass(39_999);
    expect(waitOf(pool)).toBe(1);
    pass(1);
    expect(take(pool)).toBeDefined();
  });

  test('after a rest one call finds out: no herd', () => {
    const { pool, pass } = setUp(1);
    fail(take(pool), 'forbidden');
    pass(10_000);
    const probe = take(pool);
    expect(waitOf(pool)).toBe('busy');
    probe.prove();
    expect(waitOf(pool)).toBe('lease');
  });

  test('server errors only yield to others; five in a row are tried again every ten seconds', () => {
    const { pool } = setUp(1);
    for (let i = 0; i < 4; i++) fail(take(pool), 'server_error');
    fail(take(pool), 'server_error');
    expect(waitOf(pool)).toBe(10_000);
    const two = setUp(2);
    const failed = take(two.pool);
    fail(failed, 'server_error');
    take(two.pool).prove();
    for (let i = 0; i < 5; i++) expect(take(two.pool).credential.id).not.toBe(failed.credential.id);
  });

  test('rests are per model; three models resting lock the whole key for five minutes', () => {
    const { pool, pass } = setUp(1);
    fail(take(pool, { model: 'a' }), 'forbidden');
    expect(waitOf(pool, 'b')).toBe('lease');
    fail(take(pool, { model: 'b' }), 'forbidden');
    expect(waitOf(pool, 'c')).toBe('lease');
    fail(take(pool, { model: 'c' }), 'forbidden');
    expect(waitOf(pool, 'd')).toBe(300_000);
    pass(300_000);
    expect(waitOf(pool, 'd')).toBe('lease');
  });

  test('a refused key is quarantined on every model at once, longer each time', () => {
    const { pool, pass } = setUp(1);
    fail(take(pool), 'authentication');
    expect(waitOf(pool, 'other')).toBe(300_000);
    pass(300_000);
    fail(take(pool), 'authentication');
    expect(waitOf(pool)).toBe(600_000);
  });

  test('what the caller did wrong is never the key’s fault', () => {
    const { pool } = setUp(1);
    for (const failure of ['invalid_request', 'context_window_exceeded', 'not_found', 'client_gone'] as const)
      for (let i = 0; i < 5; i++) fail(take(pool), failure);
    expect(waitOf(pool)).toBe('lease');
  });

  test('a quota group shares one rest', () => {
    const { pool } = setUp(1, {
      groupOf: new Map([
        ['a', 'pro'],
        ['b', 'pro'],
      ]),
    });
    fail(take(pool, { model: 'a' }), 'quota_exceeded', 50_000);
    expect(waitOf(pool, 'b')).toBe(50_000);
    expect(waitOf(pool, 'c')).toBe('lease');
  });
});

describe('limits', () => {
  test('an untried key gets one call until it is known to work; insisting stacks', () => {
    const { pool } = setUp(2);
    const [first] = [take(pool), take(pool)];
    expect(waitOf(pool)).toBe('busy');
    expect(take(pool, { insist: true })).toBeDefined();
    first?.prove();
    for (let i = 0; i < 10; i++) expect(take(pool).credential.id).toBe(first?.credential.id ?? '');
  });

  test('the hard maximum holds, times the priority’s multiplier', () => {
    const { pool } = setUp(1, { maxConcurrent: 2, multipliers: new Map([[999, 2]]) });
    const leases = [take(pool), take(pool), take(pool), take(pool)];
    expect(waitOf(pool)).toBe('busy');
    leases[0]?.release({ kind: 'success' });
    leases[0]?.release({ kind: 'success' });
    expect(waitOf(pool)).toBe('lease');
    take(pool);
    expect(waitOf(pool)).toBe('busy');
  });

  test('priorities go first, and excluded keys are left out', () => {
    const { pool } = setUp(2, { priorities: new Map([['OPENAI_API_KEY_2', 1]]) });
    const best = take(pool);
    expect(best.credential.label).toBe('OPENAI_API_KEY_2');
    const other = take(pool, { exclude: new Set([best.credential.id]) });
    expect(other.credential.label).toBe('OPENAI_API_KEY_1');
    const none = pool.acquire({
      provider: 'openai',
      model: 'm',
      exclude: new Set([best, other].map((l) => l.credential.id)),
    });
    expect(none).toEqual({ kind: 'exhausted' });
    expect(pool.acquire({ provider: 'nobody', model: 'm' })).toEqual({ kind: 'unknown_provider' });
  });

  test('a custom cap rests the key until its window ends', () => {
    const { pool, pass } = setUp(1, {
      caps: [{ tiers: [999], name: 'M', requests: 2, coolDown: { kind: 'quota_reset' } }],
    });
    take(pool).release({ kind: 'success' });
    pass(1_000);
    take(pool).release({ kind: 'success' });
    expect(waitOf(pool)).toBe(86_399_000);
    expect(waitOf(pool, 'free')).toBe('lease');
    pass(86_399_000);
    expect(waitOf(pool)).toBe('lease');
  });

  test('sequential sticks, moves on when its key rests, and the fair cycle keeps the exhausted one out', () => {
    const { pool, pass } = setUp(2, { mode: 'sequential' });
    const first = take(pool);
    first.release({ kind: 'success' });
    for (let i = 0; i < 5; i++) {
      const again = take(pool);
      expect(again.credential.id).toBe(first.credential.id);
      again.release({ kind: 'success' });
    }
    fail(take(pool), 'quota_exceeded', 300_000);
    const second = take(pool);
    expect(second.credential.id).not.toBe(first.credential.id);
    second.release({ kind: 'success' });
    pass(300_001);
    expect(take(pool, { exclude: new Set([second.credential.id]), model: 'another' })).toBeDefined();
    expect(
      pool.acquire({ provider: 'openai', model: 'm', exclude: new Set([second.credential.id]) }).kind,
    ).toBe('cooling');
    fail(take(pool), 'quota_exceeded', 300_000);
    pass(300_001);
    expect(waitOf(pool)).toBe('lease');
  });

  test('a conversation stays on its key', () => {
    const { pool } = setUp(3, { tolerance: 0 });
    const first = take(pool, { affinity: 'key_1:chat-9' });
    first.release({ kind: 'success' });
    for (let i = 0; i < 4; i++) {
      const lease = take(pool, { affinity: 'key_1:chat-9' });
      expect(lease.credential.id).toBe(first.credential.id);
      lease.release({ kind: 'success' });
    }
  });
});

describe('waiting', () => {
  test('a waiting call gets the slot that is given back, and gives up when its time is over', async () => {
    const { pool } = setUp(1, { maxConcurrent: 1 });
    const held = take(pool);
    const waiting = pool.acquireWithin(
      { provider: 'openai', model: 'm' },
      { waitMs: 5_000, coolingMs: 0, signal: null },
    );
    held.release({ kind: 'success' });
    expect((await waiting).kind).toBe('lease');
  });

  test('a long rest is answered at once', async () => {
    const { pool } = setUp(1);
    fail(take(pool), 'rate_limit', 60_000);
    const refused = await pool.acquireWithin(
      { provider: 'openai', model: 'm' },
      { waitMs: 90_000, coolingMs: 10_000, signal: null },
    );
    expect(refused).toEqual({ kind: 'cooling', waitMs: 60_000, reason: 'rate_limit' });
  });

  test('a caller who leaves stops waiting', async () => {
    const { pool } = setUp(1, { maxConcurrent: 1 });
    take(pool);
    const leaving = new AbortController();
    const waiting = pool.acquireWithin(
      { provider: 'openai', model: 'm' },
      { waitMs: 60_000, coolingMs: 0, signal: leaving.signal },
    );
    leaving.abort();
    expect((await waiting).kind).toBe('busy');
  });
});
