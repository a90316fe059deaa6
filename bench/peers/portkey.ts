// Portkey's gateway from npm, the nearest peer in language. It keeps no users, no limits and no record of usage.
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { CHAT_PATH, type System, upstreamPort } from '../rungs/system.ts';
import { findTool } from '../system/machine.ts';
import { freePort, runCommand, startProcess, waitForPort } from '../system/start-process.ts';

export const PORTKEY_VERSION = '1.15.2';
const START_TIMEOUT_MS = 20_000;
/**
 * The npm build sets a header on the answer of `fetch`, whose headers cannot be changed in current Node: every stream
 * becomes a 500. This preload gives it answers whose headers can be changed, so that it can be measured at all.
 */
const PRELOAD = `const plain = globalThis.fetch;
globalThis.fetch = async (...args) => {
  const answer = await plain(...args);
  return new Response(answer.body, { status: answer.status, statusText: answer.statusText, headers: new Headers(answer.headers) });
};
`;

export const portkey: System = {
  name: `Portkey ${PORTKEY_VERSION}`,
  does: 'routing by header; no authentication, no limits, no usage record; rebuilt answers through a preload',
  missing: () => (findTool('node') && findTool('npm') ? null : 'node and npm are needed for it'),
  start: async (surroundings, upstream) => {
    const folder = await install(surroundings.cacheFolder);
    const port = freePort();
    const started = startProcess({
      command: [
        findTool('node') ?? 'node',
        '--require',
        join(folder, 'preload.cjs'),
        join(folder, 'node_modules/@portkey-ai/gateway/build/start-server.js'),
        `--port=${port}`,
        '--headless',
      ],
      core: surroundings.core,
      environment: { TRUSTED_CUSTOM_HOSTS: '127.0.0.1,localhost' },
    });
    await waitForPort(port, START_TIMEOUT_MS);
    return {
      port,
      pid: started.pid,
      path: CHAT_PATH,
      headers: {
        Authorization: 'Bearer sk-bench',
        'x-portkey-provider': 'openai',
        'x-portkey-custom-host': `http://127.0.0.1:${upstreamPort(surroundings, upstream)}/v1`,
      },
      model: 'gpt-4o-mini',
      version: PORTKEY_VERSION,
      stop: started.stop,
    };
  },
};

async function install(cacheFolder: string): Promise<string> {
  const folder = join(cacheFolder, `portkey-${PORTKEY_VERSION}`);
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, 'preload.cjs'), PRELOAD);
  if (existsSync(join(folder, 'node_modules/@portkey-ai/gateway/build/start-server.js'))) return folder;
  writeFileSync(join(folder, 'package.json'), '{"private":true}\n');
  await runCommand({
    command: [
      findTool('npm') ?? 'npm',
      'install',
      '--no-audit',
      '--no-fund',
      '--ignore-scripts',
      `@portkey-ai/gateway@${PORTKEY_VERSION}`,
    ],
    core: null,
    folder,
  });
  return folder;
}
