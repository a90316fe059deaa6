// A house with everything in it for looking at pages: the demo's weeks of usage, many users, long names, revoked keys,
// huge numbers, provider keys, limits of patience.
import { fillDemoHouse } from '../../../src/cli/demo-house.ts';
import { NO_USAGE } from '../../../src/core/token-usage.ts';
import { systemClock } from '../../../src/lib/clock.ts';
import { createUser } from '../../../src/services/create-user.ts';
import { issueKey } from '../../../src/services/issue-key.ts';
import type { Store } from '../../../src/store/open-store.ts';
import { insertUsageEvents } from '../../../src/store/usage-events.ts';
import { findUserByName } from '../../../src/store/users.ts';
import { attemptRecord, usageEvent } from '../../support/usage-events.ts';

export const HOUSE_PASSWORD = 'tiger lamp river 9';
const MORE_USERS = 200;
const DAY_MS = 86_400_000;
const LONG_NAME = 'a-user-with-a-very-long-name-as-directory-services-like-to-make-them-up-for-contractors';
const LONG_KEY = 'A key whose name is very long indeed because its maker was thorough and had seen things';

/** Environment under which several providers have keys; none of them is ever called. */
export const HOUSE_ENVIRONMENT = {
  DEMO_PROVIDER: 'on',
  ANTHROPIC_API_KEY_1: 'sk-ant-not-a-key-000000000000000001',
  ANTHROPIC_API_KEY_2: 'sk-ant-not-a-key-000000000000000002',
  ANTHROPIC_API_BASE: 'http://127.0.0.1:9',
  OPENAI_API_KEY: 'sk-not-a-key-00000000000000000000001',
  OPENAI_API_BASE: 'http://127.0.0.1:9/v1',
} as const;

export async function fillHouse(store: Store, pepper: string): Promise<void> {
  const deps = { store, clock: systemClock, pepper };
  await fillDemoHouse({ ...deps, password: HOUSE_PASSWORD });
  const nowMs = systemClock.nowMs();
  for (let number = 1; number <= MORE_USERS; number += 1) {
    const username = number === 1 ? LONG_NAME : `person-${String(number).padStart(3, '0')}`;
    const user = await createUser(deps, {
      username,
      passwordHash: null,
      role: 'user',
      isActive: number % 9 !== 0,
    });
    if (number > 3) continue;
    const { row } = await issueKey(deps, { userId: user.id, name: LONG_KEY, tags: ['x'.repeat(60)] });
    await insertUsageEvents(store, [hugeEvent(user.id, row.id, nowMs)]);
  }
  const team = await findUserByName(store.read, 'web-team');
  if (!team) throw new Error('the demo house has no web-team');
  await insertUsageEvents(store, [failedOverEvent(team.id, nowMs)]);
  for (let number = 1; number <= 60; number += 1) {
    const expiresMs = number % 5 === 0 ? nowMs + DAY_MS * number : null;
    await issueKey(deps, { userId: team.id, name: number === 7 ? LONG_KEY : `key ${number}`, expiresMs });
  }
}

/** Among the newest, whatever hour the demo's weeks end in: a request that a second provider answered. */
function failedOverEvent(userId: string, timeMs: number) {
  const startedMs = timeMs;
  const failed = {
    outcome: 'error',
    failure: 'overloaded',
    status: 529,
    usage: NO_USAGE,
    costNanoUsd: 0,
  } as const;
  return usageEvent({
    timeMs,
    userId,
    attempts: [
      attemptRecord({ ...failed, startedMs }),
      attemptRecord({ ordinal: 2, startedMs: startedMs + 40 }),
    ],
  });
}

function hugeEvent(userId: string, keyId: string, nowMs: number) {
  const model = 'deepseek/deepseek-v3.2-speciale-with-a-name-that-nobody-could-call-short:free';
  return usageEvent({
    // Outside the last 30 days, so that it does not flatten what else there is to see.
    timeMs: nowMs - 60 * DAY_MS,
    userId,
    keyId,
    provider: 'openrouter',
    modelAsked: `openrouter/${model}`,
    modelServed: model,
    tags: ['x'.repeat(60)],
    usage: { ...NO_USAGE, promptTokens: 99_000_000, completionTokens: 98_000_000 },
    costNanoUsd: 12_345_678_901_234,
  });
}
