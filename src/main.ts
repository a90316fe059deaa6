// The entry: hands the command line to cli/. The only file that acts on load.
import { runCommandLine } from './cli/run-command-line.ts';
import { stderrSink } from './lib/log-sink.ts';

const LOG_FLUSH_MS = 1_000;

// Whatever is written, keys or usage, is for its owner alone.
process.umask(0o077);

process.exitCode = await runCommandLine(process.argv.slice(2));
// A reader of the log that has stopped would keep the process waiting for ever.
if (!(await stderrSink.flush(LOG_FLUSH_MS))) process.exit();
