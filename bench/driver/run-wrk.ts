// wrk as the driver of capacity runs: cheaper than any driver in TypeScript, closed loop, so good for rates and CPU
// per request and useless for latency under load.
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { findTool } from '../system/machine.ts';
import { runCommand } from '../system/start-process.ts';
import type { RequestParts } from './connection.ts';

export const WRK_MISSING =
  'wrk is not installed (Debian: apt-get install wrk); the driver of the bench stands in for it';

export interface WrkResult {
  readonly requests: number;
  readonly perSecond: number;
  /** Answers outside 2xx and 3xx, plus socket errors of every kind. */
  readonly errors: number;
}

export interface WrkLoad {
  readonly port: number;
  readonly parts: RequestParts;
  readonly connections: number;
  readonly durationMs: number;
  readonly core: number;
  readonly folder: string;
}

export async function runWrk(load: WrkLoad): Promise<WrkResult> {
  const script = join(load.folder, `wrk-${load.port}.lua`);
  const headers = { 'Content-Type': 'application/json', ...load.parts.headers };
  const lines = Object.entries(headers).map(([name, value]) => `wrk.headers[ ${lua(name)} ] = ${lua(value)}`);
  writeFileSync(script, `wrk.method = 'POST'\nwrk.body = ${lua(load.parts.body)}\n${lines.join('\n')}\n`);
  const seconds = Math.max(1, Math.round(load.durationMs / 1000));
  const output = await runCommand({
    command: [
      findTool('wrk') ?? 'wrk',
      '-t1',
      `-c${load.connections}`,
      `-d${seconds}`,
      '-s',
      script,
      `http://127.0.0.1:${load.port}${load.parts.path}`,
    ],
    core: load.core,
  });
  const number = (pattern: RegExp) => Number(pattern.exec(output)?.[1] ?? 0);
  const sockets =
    /Socket errors: connect (\d+), read (\d+), write (\d+), timeout (\d+)/.exec(output)?.slice(1) ?? [];
  return {
    requests: number(/(\d+) requests in/),
    perSecond: number(/Requests\/sec:\s+([\d.]+)/),
    errors: number(/Non-2xx or 3xx responses: (\d+)/) + sockets.reduce((sum, each) => sum + Number(each), 0),
  };
}

/** A Lua long string, which needs no escapes; the bench's bodies hold no `]==]`. As an index it needs blanks around it. */
function lua(text: string): string {
  return `[==[${text}]==]`;
}
