// Retention on demand by an admin: what services/apply-retention.ts does, and a line in the audit log.
import type { Doer } from '../core/principal.ts';
import type { Clock } from '../lib/clock.ts';
import type { Store } from '../store/open-store.ts';
import { applyRetention } from './apply-retention.ts';
import { recordAudit } from './record-audit.ts';

/** Answers how many events were deleted. */
export async function pruneUsage(
  parts: { readonly store: Store; readonly clock: Clock },
  act: {
    readonly doer: Doer;
    readonly retentionDays: number;
    readonly onProgress?: (deleted: number) => void;
  },
): Promise<number> {
  const { store, clock } = parts;
  const { doer, retentionDays, onProgress } = act;
  const { deleted } = await applyRetention({
    store,
    clock,
    retentionDays,
    ...(onProgress ? { onProgress } : {}),
  });
  const after = { deleted, retention_days: retentionDays };
  await recordAudit(store.write, { nowMs: clock.nowMs(), doer, action: 'usage_prune', after });
  return deleted;
}
