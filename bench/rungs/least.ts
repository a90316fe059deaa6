// R3b: the least program on this runtime that has everything on, with Tollgate's own ledger: what is left of a bar when a
// gateway does nothing but what its name says. It believes whatever its upstream sends, knows one provider and one model,
// tries nothing twice, times nothing out, and a caller who leaves is served on.
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { startProcess } from '../system/start-process.ts';
import { BENCH_TOKEN, CHAT_PATH, type System, upstreamPort } from './system.ts';

const BUN = fileURLToPath(new URL('../../bin/bun', import.meta.url));
const SERVER = fileURLToPath(new URL('./least-server.ts', import.meta.url));
const START_TIMEOUT_MS = 20_000;

export const least: System = {
  name: 'R3b the least with everything on',
  does: 'HMAC of the key, five comparisons for limits, the model spliced, usage found, Tollgate’s ledger',
  checksKeys: true,
  missing: () => null,
  start: async (surroundings, upstream) => {
    const folder = join(surroundings.folder, `least-${upstream}`);
    mkdirSync(folder, { recursive: true });
    const started = startProcess({
      command: [BUN, SERVER, String(upstreamPort(surroundings, upstream)), folder],
      core: surroundings.core,
    });
    const match = await started.waitFor(/listening on http:\/\/127\.0\.0\.1:(\d+)/, START_TIMEOUT_MS);
    return {
      port: Number(match[1]),
      pid: started.pid,
      path: CHAT_PATH,
      headers: { Authorization: `Bearer ${BENCH_TOKEN}` },
      model: 'openai/gpt-4o-mini',
      version: `bun ${Bun.version}`,
      stop: started.stop,
    };
  },
};
