// Why a backup was not made or not restored. Its message says what to do instead.

export class BackupRefused extends Error {
  override readonly name = 'BackupRefused';
}
