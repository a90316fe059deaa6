// Opens the server's port, or says in one line why it cannot be had.
import type { Server } from 'bun';
import { errorCode } from '../lib/error-code.ts';
import { CommandFailed } from './command-failed.ts';

interface Address {
  readonly hostname: string;
  readonly port: number;
}

/** `serve` is to listen there. Throws CommandFailed when it cannot. */
export function listen(address: Address, serve: (address: Address) => Server<undefined>): Server<undefined> {
  try {
    return serve(address);
  } catch (error) {
    throw new CommandFailed(whyNot(address, error));
  }
}

function whyNot({ hostname, port }: Address, error: unknown): string {
  switch (errorCode(error)) {
    case 'EADDRINUSE':
      return `port ${port} on ${hostname} is in use. Stop what listens there, or choose another with --port.`;
    case 'EACCES':
      return `this user may not listen on port ${port}. Choose one above 1023 with --port.`;
    case 'EADDRNOTAVAIL':
      return `${hostname} is no address of this machine. Give one that is with --host: 127.0.0.1 for programs on this machine, 0.0.0.0 for all.`;
    default:
      return `cannot listen on ${hostname}, port ${port} (${(error as Error).message}). Give an address of this machine with --host.`;
  }
}
