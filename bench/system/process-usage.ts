// What the operating system says a process and all its children have used: CPU time, memory, descriptors.
// Read from /proc, so the numbers do not depend on what the system under test says about itself. Linux only.
import { readdirSync, readFileSync } from 'node:fs';

export interface ProcessUsage {
  /** User plus system time of the process, its threads, its living children and those it has waited for. */
  readonly cpuUs: number;
  readonly rssBytes: number;
  readonly rssPeakBytes: number;
  readonly descriptors: number;
}

/** `/proc/PID/stat` counts in ticks of 1/100 s on every Linux that Bun runs on (USER_HZ). */
const TICK_US = 10_000;

export function readProcessUsage(pid: number): ProcessUsage {
  const usages = familyOf(pid).map(readOne);
  const sum = (pick: (usage: ProcessUsage) => number) =>
    usages.reduce((total, usage) => total + pick(usage), 0);
  return {
    cpuUs: sum((usage) => usage.cpuUs),
    rssBytes: sum((usage) => usage.rssBytes),
    rssPeakBytes: sum((usage) => usage.rssPeakBytes),
    descriptors: sum((usage) => usage.descriptors),
  };
}

function readOne(pid: number): ProcessUsage {
  const fields = statFields(pid);
  const ticks = [11, 12, 13, 14].reduce((total, index) => total + Number(fields[index] ?? 0), 0);
  const status = readOr(`/proc/${pid}/status`);
  const kilobytes = (name: string) =>
    Number(new RegExp(`^${name}:\\s+(\\d+)`, 'm').exec(status)?.[1] ?? 0) * 1024;
  return {
    cpuUs: ticks * TICK_US,
    rssBytes: kilobytes('VmRSS'),
    rssPeakBytes: kilobytes('VmHWM'),
    descriptors: countDescriptors(pid),
  };
}

/** The fields after the command name, which may hold blanks: index 0 is the state, 1 the parent. */
function statFields(pid: number): string[] {
  const text = readOr(`/proc/${pid}/stat`);
  return text.slice(text.lastIndexOf(')') + 2).split(' ');
}

function familyOf(root: number): number[] {
  const parents = new Map<number, number>();
  for (const name of readdirSync('/proc')) {
    if (/^\d+$/.test(name)) parents.set(Number(name), Number(statFields(Number(name))[1] ?? 0));
  }
  const family = [root];
  for (const pid of family) {
    for (const [child, parent] of parents) if (parent === pid) family.push(child);
  }
  return family;
}

function countDescriptors(pid: number): number {
  try {
    return readdirSync(`/proc/${pid}/fd`).length;
  } catch {
    return 0;
  }
}

function readOr(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}
