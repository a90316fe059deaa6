// Prices written by people, in tollgate.yaml or on the dashboard, as the rates the ledger calculates with. Pure.
import { nanoUsd, type Price, type TokenRates } from '../../core/price.ts';

/** US dollars per million tokens, as people write prices; `web_search` per thousand searches. */
export interface WrittenPrice {
  readonly input: number;
  readonly output: number;
  readonly cached?: number | undefined;
  readonly cache_write_5m?: number | undefined;
  readonly cache_write_1h?: number | undefined;
  readonly reasoning?: number | undefined;
  readonly audio_input?: number | undefined;
  readonly audio_output?: number | undefined;
  readonly web_search?: number | undefined;
}

/** `source` names the file or the stored row; with the price's own digest it makes the version kept on each row. */
export function configuredPrice(source: string, written: WrittenPrice): Price {
  const digest = Bun.hash
    .crc32(JSON.stringify(Object.entries(written).sort()))
    .toString(16)
    .padStart(8, '0');
  return {
    version: `${source} ${digest}`,
    tiers: [{ abovePromptTokens: 0, rates: readRates(written) }],
    nanoUsdPerWebSearch: Math.round(nanoUsd(written.web_search ?? 0) / 1000),
    nanoUsdPerRequest: 0,
  };
}

function readRates(written: WrittenPrice): TokenRates {
  const rate = (usd: number | undefined) => (usd === undefined ? null : nanoUsd(usd));
  return {
    input: nanoUsd(written.input),
    output: nanoUsd(written.output),
    cached: rate(written.cached),
    cacheWrite5m: rate(written.cache_write_5m),
    cacheWrite1h: rate(written.cache_write_1h),
    reasoning: rate(written.reasoning),
    audioInput: rate(written.audio_input),
    audioOutput: rate(written.audio_output),
  };
}
