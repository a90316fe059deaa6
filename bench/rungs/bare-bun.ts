// R3: the floor of the runtime. Reads the body, hashes the key, parses the request, calls the upstream and passes
// its answer on. It keeps no account of anything, so it is what Tollgate would cost if it did nothing of its own.
import { startBunProgram } from './bun-program.ts';
import { type System, trustEnvironment, upstreamOrigin } from './system.ts';

export const bareBun: System = {
  name: 'R3 bare Bun.serve and fetch',
  does: 'HMAC of the key, body read and parsed, answer passed on; records nothing',
  trusts: true,
  missing: () => null,
  start: (surroundings, upstream) =>
    startBunProgram({
      file: './bare-bun-server.ts',
      parameters: [upstreamOrigin(surroundings, upstream)],
      core: surroundings.core,
      environment: trustEnvironment(surroundings, upstream),
    }),
};
