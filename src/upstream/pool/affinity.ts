// Remembers which credential holds a conversation's prompt cache. Bounded and forgetful; never decides rights.

/** Conversations remembered at once; the one used longest ago makes room. */
export const AFFINITY_MAX = 20_000;
/** The longest life of a provider's prompt cache (Anthropic's 1 h mark). */
export const AFFINITY_MS = 3_600_000;

export interface Affinity {
  readonly get: (key: string, nowMs: number) => string | null;
  readonly set: (key: string, credentialId: string, nowMs: number) => void;
  readonly size: () => number;
}

export function createAffinity(max = AFFINITY_MAX): Affinity {
  const entries = new Map<string, { readonly credentialId: string; readonly atMs: number }>();
  return {
    get: (key, nowMs) => {
      const entry = entries.get(key);
      if (!entry) return null;
      if (nowMs - entry.atMs < AFFINITY_MS) return entry.credentialId;
      entries.delete(key);
      return null;
    },
    set: (key, credentialId, nowMs) => {
      // Deleting first moves the key to the end, so that the first key is always the oldest.
      entries.delete(key);
      if (entries.size >= max) entries.delete(entries.keys().next().value ?? '');
      entries.set(key, { credentialId, atMs: nowMs });
    },
    size: () => entries.size,
  };
}
