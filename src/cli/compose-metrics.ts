// Who may read /metrics: whoever holds METRICS_TOKEN, or, while none is set, this machine alone.
import { timingSafeEqual } from 'node:crypto';
import { hashApiKey } from '../core/identity/api-key.ts';
import type { UsageSink } from '../gateway/deps.ts';
import type { HouseMetrics } from '../services/house-metrics.ts';

const LOOPBACK = /^(127\.\d+\.\d+\.\d+|::1)$/;

export type ReadMetrics = (request: Request, address: string) => Promise<string | null>;

export function guardMetrics(metrics: HouseMetrics, token: string | null): ReadMetrics {
  // Hashes have one length, so the comparison tells nothing about the token's.
  const hash = (text: string) => Buffer.from(hashApiKey(text, 'metrics'), 'hex');
  const wanted = token === null ? null : hash(`Bearer ${token}`);
  return async (request, address) => {
    const may = wanted
      ? timingSafeEqual(hash(request.headers.get('authorization') ?? ''), wanted)
      : LOOPBACK.test(address) && !isForwarded(request.headers);
    return may ? metrics.text() : null;
  };
}

/** A proxy on this machine that is not in TRUSTED_PROXIES would make everybody look local. */
function isForwarded(headers: Headers): boolean {
  return ['x-forwarded-for', 'forwarded', 'x-real-ip', 'via'].some((name) => headers.has(name));
}

/** The ledger as the gateway sees it, with every settled event counted on its way. */
export function countSettled(ledger: UsageSink, metrics: HouseMetrics): UsageSink {
  return {
    admit: (budgeted) => ledger.admit(budgeted),
    begin: (started, budgeted) => ledger.begin(started, budgeted),
    settle: (event, mark) => {
      const settled = ledger.settle(event, mark);
      metrics.count(event);
      return settled;
    },
    confirmed: () => ledger.confirmed(),
  };
}
