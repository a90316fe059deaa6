// The client program's own id for a conversation (wire fact F15): groups rows of the ledger and keeps a conversation on
// the credential that holds its prompt cache. Never trusted for rights, and always scoped to the caller's key.

/** What programs send, the most telling first: Claude Code, opencode and others, Codex. */
const CARRIERS = ['x-claude-code-session-id', 'x-session-id', 'x-session-affinity', 'session-id'] as const;
const PLAIN = /^[\w.:-]{1,128}$/;

/** From the body when it names one, else from the headers; null when neither is plain and short. */
export function sessionIdOf(headers: Headers, fromBody: string | null): string | null {
  if (fromBody !== null && PLAIN.test(fromBody)) return fromBody;
  for (const name of CARRIERS) {
    const value = headers.get(name);
    if (value !== null && PLAIN.test(value)) return value;
  }
  return null;
}
