// Reads amounts as people write them. Money is read digit by digit, never as a float. Null for what is no amount.

/** A whole number of up to 16 digits; `_` and `,` between digits are for people. */
export function readWholeNumber(text: string): number | null {
  const plain = text.trim().replace(/(?<=\d)[_,](?=\d)/g, '');
  return /^\d{1,16}$/.test(plain) ? Number(plain) : null;
}

/** Dollars with up to nine decimals, such as `25` or `$1,000.50`, as nano-dollars. */
export function readUsd(text: string): number | null {
  const match = /^\$?(\d{1,7})(?:\.(\d{1,9}))?$/.exec(text.trim().replace(/(?<=\d),(?=\d)/g, ''));
  if (!match) return null;
  return Number(match[1]) * 1_000_000_000 + Number((match[2] ?? '').padEnd(9, '0'));
}

/** Nano-dollars as they stand in a form field: `25` or `0.5`. */
export function writeUsd(nanoUsd: number): string {
  const rest = String(nanoUsd % 1_000_000_000)
    .padStart(9, '0')
    .replace(/0+$/, '');
  return `${Math.floor(nanoUsd / 1_000_000_000)}${rest === '' ? '' : `.${rest}`}`;
}
