// Fills an empty store with what the demo shows: an admin, two users, their keys, and weeks of synthetic usage.

import type { UsageEvent } from '../core/usage-event.ts';
import { createPriceBook } from '../ledger/prices/price-book.ts';
import type { Clock } from '../lib/clock.ts';
import { createUser } from '../services/create-user.ts';
import { issueKey } from '../services/issue-key.ts';
import { createPasswordHasher } from '../services/passwords/password-hasher.ts';
import type { Store } from '../store/open-store.ts';
import { insertUsageEvents } from '../store/usage-events.ts';
import { type DemoCaller, demoEvents } from './demo-usage.ts';

const DAYS = 62;
const SEED = 20_261_123;
const EVENTS_PER_INSERT = 1_000;

type Models = DemoCaller['models'];

const CODING: Models = [
  ['anthropic/claude-opus-4-5', 3],
  ['anthropic/claude-sonnet-4-5', 9],
  ['openai/gpt-5', 3],
];
const CHAT: Models = [
  ['openai/gpt-5-mini', 8],
  ['gemini/gemini-2.5-flash', 6],
  ['openai/text-embedding-3-small', 4],
];
const RESEARCH: Models = [
  ['gemini/gemini-2.5-pro', 6],
  ['openai/gpt-5', 4],
  ['deepseek/deepseek-chat', 4],
  ['demo/echo', 1],
];

const HOUSE = [
  { username: 'admin', role: 'admin', keys: [{ name: 'laptop', perDay: 12, models: CODING, tags: [] }] },
  {
    username: 'web-team',
    role: 'user',
    keys: [
      { name: 'claude-code', perDay: 90, models: CODING, tags: ['coding'] },
      { name: 'support-bot', perDay: 120, models: CHAT, tags: ['production'] },
    ],
  },
  {
    username: 'research',
    role: 'user',
    keys: [
      { name: 'notebook', perDay: 45, models: RESEARCH, tags: ['experiment'] },
      { name: 'evaluation', perDay: 30, models: RESEARCH, tags: ['experiment', 'nightly'] },
    ],
  },
] as const;

export interface DemoHouse {
  readonly usernames: readonly string[];
  /** A key of the admin. */
  readonly token: string;
  readonly events: number;
}

/** All users get the same password. */
export async function fillDemoHouse(deps: {
  readonly store: Store;
  readonly clock: Clock;
  readonly pepper: string;
  readonly password: string;
}): Promise<DemoHouse> {
  const { store, clock } = deps;
  const passwordHash = await createPasswordHasher().hash(deps.password);
  const callers: DemoCaller[] = [];
  const tokens: string[] = [];
  for (const { username, role, keys } of HOUSE) {
    const user = await createUser(deps, { username, passwordHash, role });
    for (const { name, perDay, models, tags } of keys) {
      const issued = await issueKey(deps, { userId: user.id, name, tags });
      tokens.push(issued.token);
      callers.push({ userId: user.id, keyId: issued.row.id, perDay, models, tags });
    }
  }
  const prices = createPriceBook({ clock });
  const usage = { callers, days: DAYS, nowMs: clock.nowMs(), prices, seed: SEED };
  let events = 0;
  let batch: UsageEvent[] = [];
  for (const event of demoEvents(usage)) {
    batch.push(event);
    if (batch.length < EVENTS_PER_INSERT) continue;
    events += (await insertUsageEvents(store, batch.splice(0))).inserted;
  }
  if (batch.length > 0) events += (await insertUsageEvents(store, batch)).inserted;
  batch = [];
  return { usernames: HOUSE.map((each) => each.username), token: tokens[0] ?? '', events };
}
