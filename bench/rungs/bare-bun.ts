// R3: the floor of the runtime. Reads the body, hashes the key, parses the request, calls the upstream and passes
// its answer on. It keeps no account of anything, so it is what Tollgate would cost if it did nothing of its own.
import { fileURLToPath } from 'node:url';
import { startProcess } from '../system/start-process.ts';
import { BENCH_TOKEN, CHAT_PATH, type System, trustEnvironment, upstreamOrigin } from './system.ts';

const BUN = fileURLToPath(new URL('../../bin/bun', import.meta.url));
const SERVER = fileURLToPath(new URL('./bare-bun-server.ts', import.meta.url));
const START_TIMEOUT_MS = 10_000;

export const bareBun: System = {
  name: 'R3 bare Bun.serve and fetch',
  does: 'HMAC of the key, body read and parsed, answer passed on; records nothing',
  trusts: true,
  missing: () => null,
  start: async (surroundings, upstream) => {
    const started = startProcess({
      command: [BUN, SERVER, upstreamOrigin(surroundings, upstream)],
      environment: trustEnvironment(surroundings, upstream),
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
