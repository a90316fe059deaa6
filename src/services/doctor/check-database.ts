// The doctor's look into the database: is it whole, who can sign in, can the stored provider keys be opened?

import { inspectDatabase } from '../../store/dialect/sqlite/inspect-database.ts';
import { StoreRefused } from '../../store/dialect/sqlite/open-database.ts';
import { openStore } from '../../store/open-store.ts';
import { countActiveAdmins, countUsers } from '../../store/users.ts';
import { loadCredentials } from '../provider-credentials/load-credentials.ts';
import { type Finding, fault, note, ok } from './finding.ts';

export async function checkDatabaseFile(path: string, masterKey: string): Promise<Finding[]> {
  try {
    const { kind, schemaNumber, knownNumber } = inspectDatabase(path);
    if (kind === 'absent')
      return [note('database', `${path} is not there yet`, 'the first start creates it')];
    if (kind === 'newer') {
      return [
        fault(
          'database',
          `${path} has schema ${schemaNumber}, this Tollgate knows ${knownNumber}`,
          'start the newer Tollgate that wrote it, or restore an older backup',
        ),
      ];
    }
    if (kind === 'older') {
      return [
        note(
          'database',
          `schema ${schemaNumber} of ${knownNumber}`,
          'the next start brings it up to date; make a backup first',
        ),
      ];
    }
    return [ok('database', `whole, schema ${schemaNumber}`), ...(await lookInside(path, masterKey))];
  } catch (error) {
    if (!(error instanceof StoreRefused)) throw error;
    return [fault('database', error.message, null)];
  }
}

async function lookInside(path: string, masterKey: string): Promise<Finding[]> {
  const store = await openStore({ path, mode: 'inline' });
  try {
    const [users, admins, { stored, problems }] = await Promise.all([
      countUsers(store.read),
      countActiveAdmins(store.read),
      loadCredentials(store, masterKey),
    ]);
    const keys = problems.map((problem) =>
      fault('stored provider keys', problem, 'set the MASTER_KEY they were saved under, or add them again'),
    );
    return [
      judgePeople(users, admins),
      ...(keys.length > 0 ? keys : [ok('stored provider keys', `${stored.length}, all open`)]),
    ];
  } finally {
    await store.close();
  }
}

function judgePeople(users: number, admins: number): Finding {
  if (users === 0) {
    return note(
      'accounts',
      'nobody has an account yet',
      'open the setup link that `tollgate serve` prints, or run: tollgate user create NAME --role admin',
    );
  }
  return admins === 0
    ? fault(
        'accounts',
        `${users} accounts, none of them an active admin`,
        'run: tollgate user create NAME --role admin',
      )
    : ok('accounts', `${users}, ${admins} of them active admins`);
}
