// The list of all migrations, oldest first. Append only.

import { identity } from './0001-identity.ts';
import { people } from './0002-people.ts';
import { usage } from './0003-usage.ts';
import { usageUpkeep } from './0004-usage-upkeep.ts';
import { providers } from './0005-providers.ts';
import { limits } from './0006-limits.ts';
import { userLists } from './0007-user-lists.ts';
import { imports } from './0008-imports.ts';
import { usageMonths } from './0009-usage-months.ts';
import { attemptsByEvent } from './0010-attempts-by-event.ts';
import { loneAttempts } from './0011-lone-attempts.ts';
import type { Migration } from './migration.ts';

export const MIGRATIONS: readonly Migration[] = [
  identity,
  people,
  usage,
  usageUpkeep,
  providers,
  limits,
  userLists,
  imports,
  usageMonths,
  attemptsByEvent,
  loneAttempts,
];
