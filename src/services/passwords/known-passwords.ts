// Knows the passwords that everybody tries first. The list names its source in its own first lines.
import listText from './known-passwords.txt' with { type: 'text' };

let listed: ReadonlySet<string> | null = null;

/** True for the 3,000 most common passwords, whatever their case. Read on first use: most starts never need it. */
export function isCommonPassword(password: string): boolean {
  listed ??= new Set(
    String(listText)
      .split('\n')
      .filter((line) => line !== '' && !line.startsWith('#')),
  );
  return listed.has(password.toLowerCase());
}
