// Guarantee: what another process changed is taken in, also when it changed while this one was starting, and a change
// that could not be taken in is tried again until it is.
import { expect, test } from 'bun:test';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { watchVersions } from '../../src/cli/watch-versions.ts';
import { type Log, silentLog } from '../../src/lib/log.ts';
import { openStore } from '../../src/store/open-store.ts';
import { bumpVersion, type VersionName } from '../../src/store/versions.ts';

test('changes are taken in once, and again only after a failure', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'tollgate-versions-'));
  const store = await openStore({ path: join(folder, 'tollgate.db'), mode: 'inline' });
  const bump = (name: VersionName) => store.write.transaction().execute((trx) => bumpVersion(trx, name));
  const warnings: object[] = [];
  const log: Log = { ...silentLog, warn: (fields) => warnings.push(fields) };
  const seen = { limits: 0, prices: 0 };
  let failures = 2;
  await bump('limits');
  const watch = watchVersions({
    store,
    log,
    onChange: {
      limits: async () => {
        seen.limits += 1;
      },
      prices: async () => {
        if (failures-- > 0) throw new Error('not now');
        seen.prices += 1;
      },
    },
  });
  const until = async (done: () => boolean) => {
    const deadline = Date.now() + 15_000;
    while (!done() && Date.now() < deadline) await Bun.sleep(20);
    expect(done()).toBe(true);
  };
  await until(() => seen.limits === 1);
  await bump('prices');
  await until(() => seen.prices === 1);
  expect(warnings.length).toBe(2);
  await bump('limits');
  await until(() => seen.limits === 2);
  await Bun.sleep(1_200);
  expect(seen).toEqual({ limits: 2, prices: 1 });
  watch.stop();
  await store.close();
  rmSync(folder, { recursive: true, force: true });
}, 40_000);
