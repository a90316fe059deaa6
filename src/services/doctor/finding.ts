// One line of the doctor: what was looked at, how it is, and what to do about it.

export interface Finding {
  /** A fault stops something from working or from being safe; a note is worth knowing. */
  readonly level: 'ok' | 'note' | 'fault';
  readonly subject: string;
  readonly text: string;
  /** What to do; null when all is well, and when the text says it itself. */
  readonly mend: string | null;
}

export function ok(subject: string, text: string): Finding {
  return { level: 'ok', subject, text, mend: null };
}

export function note(subject: string, text: string, mend: string): Finding {
  return { level: 'note', subject, text, mend };
}

export function fault(subject: string, text: string, mend: string | null): Finding {
  return { level: 'fault', subject, text, mend };
}
