// What the numbers were measured on, for the head of every report, and which tools are there to measure with.
import { readFileSync } from 'node:fs';
import { cpus, loadavg, release, totalmem } from 'node:os';

export interface Machine {
  readonly processor: string;
  readonly cores: number;
  readonly memoryBytes: number;
  readonly kernel: string;
  readonly bun: string;
  /** Load average over a minute, taken when asked. */
  readonly load: number;
}

export function describeMachine(): Machine {
  return {
    processor: cpus()[0]?.model ?? 'unknown',
    cores: cpus().length,
    memoryBytes: totalmem(),
    kernel: release(),
    bun: Bun.version,
    load: loadavg()[0] ?? 0,
  };
}

/** Where a tool is, or null. */
export function findTool(name: string): string | null {
  return Bun.which(name, { PATH: `${process.env.PATH ?? ''}:/usr/sbin:/sbin` });
}

/** Pins this very process, the driver, to a core, so that it never steals time from what it measures. */
export function pinSelf(core: number): boolean {
  return Bun.spawnSync(['taskset', '-acp', String(core), String(process.pid)]).exitCode === 0;
}

/** Share of all cores' time that was busy between two calls, whatever the process: shows who else was at work. */
export function readBusyShare(): { busyUs: number; totalUs: number } {
  const fields = (readFileSync('/proc/stat', 'utf8').split('\n')[0] ?? '').split(/\s+/).slice(1).map(Number);
  const total = fields.slice(0, 8).reduce((sum, value) => sum + value, 0);
  const idle = (fields[3] ?? 0) + (fields[4] ?? 0);
  return { busyUs: (total - idle) * 10_000, totalUs: total * 10_000 };
}
