// All prices set by people, in the order in which they count: the store's before the file's, the exact name before a glob.

import type { Store } from '../../store/open-store.ts';
import { listPriceOverrides } from '../../store/price-overrides.ts';
import { configuredPrice, type WrittenPrice } from './configured-price.ts';
import type { PriceOverride } from './price-book.ts';

export async function loadPriceOverrides(
  store: Store,
  written: Readonly<Record<string, WrittenPrice>>,
): Promise<PriceOverride[]> {
  const stored = (await listPriceOverrides(store.read)).map(({ id, pattern, price }) => ({
    pattern,
    price: configuredPrice(id, JSON.parse(price) as WrittenPrice),
  }));
  const inFile = Object.entries(written).map(([pattern, price]) => ({
    pattern,
    price: configuredPrice('tollgate.yaml', price),
  }));
  return [...bySharpness(stored), ...bySharpness(inFile)];
}

/** Fewer wildcards first, then the longer pattern: `openai/gpt-5` before `openai/*`. */
function bySharpness(overrides: readonly PriceOverride[]): PriceOverride[] {
  const wildcards = ({ pattern }: PriceOverride) => pattern.replace(/[^*?]/g, '').length;
  return [...overrides].sort((a, b) => wildcards(a) - wildcards(b) || b.pattern.length - a.pattern.length);
}
