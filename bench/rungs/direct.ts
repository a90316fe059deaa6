// R0: no gateway at all. What the mock and the driver cost by themselves, and what others are compared with.
import { BENCH_TOKEN, CHAT_PATH, type System, upstreamPort } from './system.ts';

export const direct: System = {
  name: 'R0 direct to the mock',
  does: 'nothing stands between the driver and the mock',
  missing: () => null,
  start: async (surroundings, upstream) => ({
    port: upstreamPort(surroundings, upstream),
    // The driver's own process: this rung has none to account for, and its CPU columns are left out of the report.
    pid: process.pid,
    path: CHAT_PATH,
    headers: { Authorization: `Bearer ${BENCH_TOKEN}` },
    model: 'gpt-4o-mini',
    version: '',
    stop: async () => {},
  }),
};
