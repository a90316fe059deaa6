// Fetches the real Claude Code from npm into a cache folder of its own. Never touches package.json or the user's own copy.
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** The version of the wire facts; CLAUDE_CODE_VERSION in the environment asks for another. */
const VERSION_DEFAULT = '2.1.330';

export interface InstalledClient {
  readonly version: string;
  readonly binary: string;
}

/** Named exactly, since npm on an old Node would silently take an older version (its `engines` field). */
export async function installClaudeCode(): Promise<InstalledClient> {
  const wanted = process.env.CLAUDE_CODE_VERSION ?? VERSION_DEFAULT;
  const folder = join(tmpdir(), 'tollgate-clients', `claude-code-${wanted}`);
  if (!findBinary(folder)) {
    mkdirSync(folder, { recursive: true });
    writeFileSync(join(folder, 'package.json'), '{"private":true}\n');
    const spec = `@anthropic-ai/claude-code@${wanted}`;
    const npm = Bun.spawn(['npm', 'install', '--no-audit', '--no-fund', '--no-save', spec], {
      cwd: folder,
      stdout: 'ignore',
      stderr: 'pipe',
    });
    const errors = await new Response(npm.stderr).text();
    if ((await npm.exited) !== 0) throw new Error(`npm could not install ${spec}:\n${errors}`);
  }
  const binary = findBinary(folder);
  if (!binary) throw new Error(`${folder} holds no Claude Code for this machine`);
  const asked = Bun.spawnSync([binary, '--version'], { env: { HOME: folder, PATH: process.env.PATH ?? '' } });
  return { version: asked.stdout.toString().trim(), binary };
}

/** The platform's own package holds the program, whether or not install scripts ran. */
function findBinary(folder: string): string | null {
  const scope = join(folder, 'node_modules', '@anthropic-ai');
  const platform = `claude-code-${process.platform}-${process.arch}`;
  const candidates = [
    join(scope, platform, 'claude'),
    join(scope, `${platform}-musl`, 'claude'),
    join(scope, 'claude-code', 'cli.js'),
  ];
  return candidates.find((path) => existsSync(path)) ?? null;
}
