// R3b: the least program on this runtime that has everything on, with Tollgate's own ledger: what is left of a bar when a
// gateway does nothing but what its name says. It believes whatever its upstream sends, knows one provider and one model,
// tries nothing twice, times nothing out, and a caller who leaves is served on.
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { startBunProgram } from './bun-program.ts';
import { type System, upstreamPort } from './system.ts';

export const least: System = {
  name: 'R3b the least with everything on',
  does: 'HMAC of the key, four comparisons for limits, the model spliced, usage found, Tollgate’s ledger',
  checksKeys: true,
  missing: () => null,
  start: async (surroundings, upstream) => {
    const folder = join(surroundings.folder, `least-${upstream}`);
    mkdirSync(folder, { recursive: true });
    const parameters = [String(upstreamPort(surroundings, upstream)), folder];
    return startBunProgram({ file: './least-server.ts', parameters, core: surroundings.core });
  },
};
