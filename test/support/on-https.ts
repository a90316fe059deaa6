// Whether the tests' providers speak https. Suites that call providers run once more that way, in a process that trusts the
// certificate: `npm run test:https`. The runtime reads its authorities once at its start.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

const FOLDER = join(import.meta.dir, 'certificates');

export const ON_HTTPS = process.env.PROVIDERS_ON_HTTPS === '1';

/** What such a process needs in its environment. */
export const HTTPS_ENVIRONMENT = {
  PROVIDERS_ON_HTTPS: '1',
  NODE_EXTRA_CA_CERTS: join(FOLDER, 'localhost.pem'),
} as const;

/** For `localhost`. */
export function localhostCertificate(): { readonly cert: string; readonly key: string } {
  return {
    cert: readFileSync(join(FOLDER, 'localhost.pem'), 'utf8'),
    key: readFileSync(join(FOLDER, 'localhost.key'), 'utf8'),
  };
}
