// A command that cannot do what was asked, for a reason its user can mend.

export class CommandFailed extends Error {
  override readonly name = 'CommandFailed';
  readonly exitCode: 1 | 2;

  /** `message` says what to do next; exit status 2 when the command line itself was wrong. */
  constructor(message: string, exitCode: 1 | 2 = 1) {
    super(message);
    this.exitCode = exitCode;
  }
}
