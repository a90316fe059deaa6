// What the ledger's bench has found, line by line, against its bars.

export interface Line {
  readonly what: string;
  readonly value: string;
  readonly bar: string;
  readonly met: boolean;
}

const report: Line[] = [];

/** Prints it at once: the bench takes minutes. */
export function tell(line: Line): void {
  report.push(line);
  console.log(
    `${line.met ? 'met   ' : 'MISSED'}  ${line.what.padEnd(58)} ${line.value.padStart(22)}   bar ${line.bar}`,
  );
}

export function allMet(): boolean {
  return report.every((line) => line.met);
}
