// The entry: hands the command line to cli/. The only file that acts on load.
import { runCommandLine } from './cli/run-command-line.ts';

process.exitCode = await runCommandLine(process.argv.slice(2));
