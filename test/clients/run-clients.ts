// `npm run test:clients`: real client programs through a whole Tollgate onto scripted providers, each with a throw-away home
// and nothing but the loopback to talk to. Not part of `npm test`: it fetches the programs from npm first.

import { runClaudeCode } from './claude-code.ts';
import { installClaudeCode } from './install-claude-code.ts';

const INSIDE = '--loopback-only';

/** A network namespace of its own has no route out; where that is not allowed, a dead proxy stands in the way. */
function runInNamespace(): number | null {
  const probe = Bun.spawnSync(['unshare', '-rn', 'sh', '-c', 'ip link set lo up']);
  if (probe.exitCode !== 0) return null;
  const self = [process.execPath, import.meta.path, INSIDE];
  const child = Bun.spawnSync(
    ['unshare', '-rn', 'sh', '-c', 'ip link set lo up && exec "$@"', 'sh', ...self],
    {
      stdout: 'inherit',
      stderr: 'inherit',
    },
  );
  return child.exitCode;
}

async function main(): Promise<number> {
  const client = await installClaudeCode();
  const inside = process.argv.includes(INSIDE);
  if (!inside) {
    const status = runInNamespace();
    if (status !== null) return status;
  }
  const network = inside ? 'a network of loopback alone' : 'a dead proxy towards everything but loopback';
  process.stdout.write(`Claude Code ${client.version} on Bun ${Bun.version}, behind ${network}\n`);
  const rows = await runClaudeCode(client);
  for (const row of rows)
    process.stdout.write(
      `${row.problem === null ? 'pass' : 'FAIL'}  ${row.name}${row.problem === null ? `  (${row.detail})` : `: ${row.problem}`}\n`,
    );
  return rows.every((row) => row.problem === null) ? 0 : 1;
}

process.exit(await main());
