// What tells one error from another where messages do not: its code.

/** The code of the operating system, of SQLite or of the runtime that an error carries; null when it carries none. */
export function errorCode(error: unknown): string | null {
  const { code } = (error ?? {}) as { code?: unknown };
  return typeof code === 'string' ? code : null;
}
