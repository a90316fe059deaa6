// How usage is told: the predecessor's five totals and, beside them, what it never counted.
import { z } from 'zod';
import type { UsageTotals } from '../../store/usage-reading.ts';

const NANO_PER_USD = 1_000_000_000;
const count = z.number().int();

export const totalsShape = {
  request_count: count,
  prompt_tokens: count,
  completion_tokens: count,
  total_tokens: count,
  cost_usd: z.number().nullable().meta({
    description: 'Null when nothing in here has a price: unpriced is never shown as zero.',
  }),
  cost_nano_usd: count.nullable().meta({ description: 'The same, exact, in billionths of a dollar.' }),
  failed_count: count,
  cached_tokens: count,
  cache_write_tokens: count,
  reasoning_tokens: count,
  unpriced_count: count.meta({ description: 'Requests without a known price; their cost is not in here.' }),
  estimated_count: count,
  unknown_count: count,
};

export function showTotals(totals: UsageTotals) {
  const unpricedOnly = totals.requests > 0 && totals.unpriced >= totals.requests;
  const nano = unpricedOnly ? null : totals.cost_nano_usd;
  return {
    request_count: totals.requests,
    prompt_tokens: totals.prompt_tokens,
    completion_tokens: totals.completion_tokens,
    total_tokens: totals.prompt_tokens + totals.completion_tokens,
    cost_usd: nano === null ? null : nano / NANO_PER_USD,
    cost_nano_usd: nano,
    failed_count: totals.failed,
    cached_tokens: totals.cached_tokens,
    cache_write_tokens: totals.cache_write_tokens,
    reasoning_tokens: totals.reasoning_tokens,
    unpriced_count: totals.unpriced,
    estimated_count: totals.estimated,
    unknown_count: totals.unknown,
  };
}
