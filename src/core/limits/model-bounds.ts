// How much each model reads and writes at most, as the operator wrote it: what no price list knows. Pure.
import { matchesGlob } from './model-glob.ts';
import type { ModelBounds } from './worst-case.ts';

export interface WrittenBounds {
  readonly max_output_tokens?: number | undefined;
  readonly context_tokens?: number | undefined;
}

/** Names whose bounds are remembered; a caller that invents names cannot make it grow further. */
export const BOUNDS_CACHE_MAX = 5_000;

const UNKNOWN: ModelBounds = { contextTokens: null, maxOutputTokens: null };

/** The bounds of a `provider/model`: the exact name before any glob, the longer glob before the shorter. */
export function createModelBounds(
  written: Readonly<Record<string, WrittenBounds>>,
): (fullName: string) => ModelBounds {
  const wildcards = (pattern: string) => pattern.replace(/[^*?]/g, '').length;
  const rules = Object.entries(written).sort(
    ([a], [b]) => wildcards(a) - wildcards(b) || b.length - a.length,
  );
  const known = new Map<string, ModelBounds>();
  return (fullName) => {
    if (rules.length === 0) return UNKNOWN;
    const remembered = known.get(fullName);
    if (remembered) return remembered;
    const bounds = rules.find(([pattern]) => matchesGlob(pattern, fullName))?.[1];
    const found = {
      contextTokens: bounds?.context_tokens ?? null,
      maxOutputTokens: bounds?.max_output_tokens ?? null,
    };
    if (known.size >= BOUNDS_CACHE_MAX) known.clear();
    known.set(fullName, found);
    return found;
  };
}
