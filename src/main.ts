// The entry: hands the command line to cli/. The only file that acts on load.
import { runCommandLine } from './cli/run-command-line.ts';
import { stderrSink } from './lib/log-sink.ts';

const LOG_FLUSH_MS = 1_000;

// Whatever is written, keys or usage, is for its owner alone.
process.umask(0o077);

process.exitCode = await runCommandLine(process.argv.slice(2));
const flushed = await stderrSink.flush(LOG_FLUSH_MS);
// A reader of the log that has stopped would keep the process waiting for ever, and so would the threads of a server that
// failed half-way into its start: whoever watches over it must see it end.
if (!flushed || process.exitCode !== 0) process.exit();
