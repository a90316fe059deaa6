// A certificate for `localhost` that nobody else trusts, for the mock behind TLS: made anew for each run.
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { findTool } from './machine.ts';
import { runCommand } from './start-process.ts';

export interface Certificate {
  readonly certificatePath: string;
  readonly keyPath: string;
}

/** Null without openssl. */
export async function makeCertificate(folder: string): Promise<Certificate | null> {
  const openssl = findTool('openssl');
  if (!openssl) return null;
  mkdirSync(folder, { recursive: true });
  const certificatePath = join(folder, 'localhost.pem');
  const keyPath = join(folder, 'localhost.key');
  const made = ['req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-days', '2', '-subj', '/CN=localhost'];
  const names = ['-addext', 'subjectAltName=DNS:localhost'];
  await runCommand({
    command: [openssl, ...made, ...names, '-keyout', keyPath, '-out', certificatePath],
    core: null,
  });
  return { certificatePath, keyPath };
}
