// The entry: hands the command line to cli/. The only file that acts on load.
import { runCommandLine } from './cli/run-command-line.ts';

// Whatever is written, keys or usage, is for its owner alone.
process.umask(0o077);

process.exitCode = await runCommandLine(process.argv.slice(2));
