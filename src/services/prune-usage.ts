// Retention on demand: old usage events out in short bites, so that requests go on beside it; daily totals stay.
import type { Doer } from '../core/principal.ts';
import { type Clock, sleep } from '../lib/clock.ts';
import type { Store } from '../store/open-store.ts';
import { pruneUsageBite, retentionStartMs } from '../store/usage-retention.ts';
import { recordAudit } from './record-audit.ts';

const ROWS_PER_BITE = 500;
/** Between two bites others may write. */
const PAUSE_MS = 5;

/** Answers how many events were deleted. */
export async function pruneUsage(
  parts: { readonly store: Store; readonly clock: Clock },
  act: { readonly doer: Doer; readonly retentionDays: number },
): Promise<number> {
  const nowMs = parts.clock.nowMs();
  const beforeMs = retentionStartMs(nowMs, act.retentionDays);
  let total = 0;
  for (;;) {
    const { deleted } = await pruneUsageBite(parts.store, { beforeMs, rowsMax: ROWS_PER_BITE });
    total += deleted;
    if (deleted < ROWS_PER_BITE) break;
    await sleep(PAUSE_MS);
  }
  const after = { deleted: total, retention_days: act.retentionDays };
  await recordAudit(parts.store.write, { nowMs, doer: act.doer, action: 'usage_prune', after });
  return total;
}
