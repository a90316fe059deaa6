// Guarantee: selection never picks a resting or full credential, balanced stays within its tolerance, sequential sticks.
import { describe, expect, test } from 'bun:test';
import fc from 'fast-check';
import {
  type Candidate,
  type SelectionRule,
  selectCredential,
} from '../../../src/upstream/pool/select-credential.ts';

const INFINITE = Number.POSITIVE_INFINITY;

function candidate(id: string, more: Partial<Candidate> = {}): Candidate {
  const base = {
    priority: 999,
    inFlight: 0,
    optimal: 1,
    max: INFINITE,
    waitMs: 0,
    yielding: false,
    held: false,
    usage: 0,
  };
  return { id, ...base, ...more };
}

function rule(more: Partial<SelectionRule> = {}): SelectionRule {
  return { mode: 'balanced', tolerance: 3, stickyId: null, affinityId: null, chance: 0, ...more };
}

const anyCandidate: fc.Arbitrary<Candidate> = fc.record({
  id: fc.constantFrom('a', 'b', 'c', 'd', 'e', 'f'),
  priority: fc.constantFrom(1, 2, 999),
  inFlight: fc.nat(4),
  optimal: fc.constantFrom(1, 2, INFINITE),
  max: fc.constantFrom(1, 3, INFINITE),
  waitMs: fc.constantFrom(0, 0, 10, 5_000),
  yielding: fc.boolean(),
  held: fc.boolean(),
  usage: fc.nat(50),
});
const anyPool = fc.uniqueArray(anyCandidate, { selector: (each) => each.id, maxLength: 6 });
const anyRule = fc.record({
  mode: fc.constantFrom('balanced' as const, 'sequential' as const),
  tolerance: fc.constantFrom(0, 1, 3),
  stickyId: fc.constantFrom(null, 'a', 'b'),
  affinityId: fc.constantFrom(null, 'a', 'c'),
  chance: fc.double({ min: 0, max: 0.999999, noNaN: true }),
});

describe('selectCredential', () => {
  test('never picks a resting, held or full one, nor a worse priority than it must', () => {
    fc.assert(
      fc.property(anyPool, anyRule, (pool, how) => {
        const selection = selectCredential(pool, how);
        const free = pool.filter((each) => each.waitMs === 0 && !each.held && each.inFlight < each.max);
        if (selection.kind !== 'pick') return expect(free).toEqual([]);
        const { candidate: picked } = selection;
        expect(free).toContain(picked);
        const rested = free.filter((each) => !each.yielding);
        if (picked.yielding) expect(rested).toEqual([]);
        const usable = rested.length > 0 ? rested : free;
        if (picked.id !== how.affinityId)
          expect(picked.priority).toBe(Math.min(...usable.map((each) => each.priority)));
      }),
      { numRuns: 3_000 },
    );
  });

  test('says how long to wait when all rest, and busy when a healthy one is only full', () => {
    const resting = candidate('a', { waitMs: 900 });
    expect(selectCredential([resting, candidate('b', { waitMs: 400 })], rule())).toEqual({
      kind: 'cooling',
      waitMs: 400,
    });
    expect(selectCredential([resting, candidate('b', { inFlight: 1, max: 1 })], rule())).toEqual({
      kind: 'busy',
    });
    expect(selectCredential([], rule())).toEqual({ kind: 'none' });
  });

  test('balanced keeps the spread of use within tolerance + 1, whatever chance says', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 2, max: 6 }),
        fc.nat(5),
        fc.infiniteStream(fc.double({ min: 0, max: 0.999999, noNaN: true })),
        (size, tolerance, chances) => {
          let pool = Array.from({ length: size }, (_, index) => candidate(String(index)));
          for (let turn = 0; turn < 60; turn++) {
            const selection = selectCredential(pool, rule({ tolerance, chance: chances.next().value ?? 0 }));
            if (selection.kind !== 'pick') throw new Error(selection.kind);
            const { id } = selection.candidate;
            pool = pool.map((each) => (each.id === id ? { ...each, usage: each.usage + 1 } : each));
            const uses = pool.map((each) => each.usage);
            expect(Math.max(...uses) - Math.min(...uses)).toBeLessThanOrEqual(tolerance + 1);
          }
        },
      ),
      { numRuns: 100 },
    );
  });

  test('balanced lets chance decide: every credential gets its turn', () => {
    const pool = [candidate('a'), candidate('b'), candidate('c')];
    const picked = [0, 0.4, 0.8].map((chance) => selectCredential(pool, rule({ chance })));
    expect(picked.map((each) => (each.kind === 'pick' ? each.candidate.id : each.kind))).toEqual([
      'a',
      'b',
      'c',
    ]);
  });

  test('balanced spreads below the optimum first, then stacks on the least busy', () => {
    const pool = [candidate('a', { inFlight: 1 }), candidate('b', { inFlight: 0, usage: 90 })];
    expect(selectCredential(pool, rule())).toMatchObject({ candidate: { id: 'b' } });
    const stacked = [candidate('a', { inFlight: 7 }), candidate('b', { inFlight: 5, usage: 90 })];
    expect(selectCredential(stacked, rule())).toMatchObject({ candidate: { id: 'b' } });
  });

  test('sequential stays while it can, then takes the most used', () => {
    const pool = [
      candidate('a', { usage: 9 }),
      candidate('b', { usage: 3, inFlight: 40, optimal: INFINITE }),
    ];
    const sequential = rule({ mode: 'sequential', stickyId: 'b' });
    expect(selectCredential(pool, sequential)).toMatchObject({ candidate: { id: 'b' } });
    const resting = pool.map((each) => (each.id === 'b' ? { ...each, waitMs: 5 } : each));
    expect(selectCredential([...resting, candidate('c')], sequential)).toMatchObject({
      candidate: { id: 'a' },
    });
  });

  test('the credential with the warm cache wins over chance and priority, but not over its own limits', () => {
    const warm = candidate('w', { priority: 999 });
    const cold = candidate('c', { priority: 1 });
    expect(selectCredential([cold, warm], rule({ affinityId: 'w' }))).toMatchObject({
      candidate: { id: 'w' },
    });
    const full = { ...warm, waitMs: 1 };
    expect(selectCredential([cold, full], rule({ affinityId: 'w' }))).toMatchObject({
      candidate: { id: 'c' },
    });
  });
});
