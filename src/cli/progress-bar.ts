// A progress bar on stderr: redrawn in place on a terminal, a line at each tenth elsewhere. Never on stdout.
import { systemClock } from '../lib/clock.ts';

export interface ProgressBar {
  readonly update: (done: number) => void;
  readonly finish: () => void;
}

const WIDTH = 30;
const REDRAW_MS = 100;

export function createProgressBar(label: string, total: number): ProgressBar {
  const isTerminal = process.stderr.isTTY === true;
  let drawnMs = Number.NEGATIVE_INFINITY;
  let tenth = 0;
  let last = 0;

  const text = (done: number): string => {
    const share = total <= 0 ? 1 : Math.min(1, done / total);
    const filled = Math.round(share * WIDTH);
    const bar = '#'.repeat(filled) + '-'.repeat(WIDTH - filled);
    return `${label} [${bar}] ${Math.floor(share * 100)}% ${done}/${total}`;
  };
  const draw = (done: number): void => {
    if (isTerminal) process.stderr.write(`\r${text(done)}`);
    else process.stderr.write(`${text(done)}\n`);
  };
  return {
    update: (done) => {
      last = done;
      const nowMs = systemClock.monotonicMs();
      const reached = total <= 0 ? 10 : Math.floor((done / total) * 10);
      if (isTerminal ? nowMs - drawnMs < REDRAW_MS : reached <= tenth) return;
      drawnMs = nowMs;
      tenth = reached;
      draw(done);
    },
    finish: () => {
      if (isTerminal) process.stderr.write(`\r${text(last)}\n`);
    },
  };
}
