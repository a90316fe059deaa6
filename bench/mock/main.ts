// Runs the mock provider as a process of its own: `bin/bun bench/mock/main.ts --ttftMs 25 --gapMs 5 --chunks 64`,
// behind TLS as well with `--certificatePath FILE --keyPath FILE`.
import { MOCK_DEFAULTS, type MockOptions } from './answers.ts';
import { startMock } from './start-mock.ts';

const options: Record<string, number> = { ...MOCK_DEFAULTS };
const files: Record<string, string> = { certificatePath: '', keyPath: '' };
for (let at = 2; at < process.argv.length; at += 2) {
  const name = process.argv[at]?.replace(/^--/, '') ?? '';
  const given = process.argv[at + 1] ?? '';
  if (name in files) {
    files[name] = given;
    continue;
  }
  const value = Number(given);
  if (!(name in options) || !Number.isFinite(value)) {
    console.error(`mock: --${name} is not one of ${Object.keys(options).join(', ')} with a number`);
    process.exit(2);
  }
  options[name] = value;
}
const { certificatePath = '', keyPath = '' } = files;
const mock = startMock(
  options as unknown as MockOptions,
  certificatePath === '' ? null : { certificatePath, keyPath },
);
if (mock.tlsPort !== null) console.log(`listening on https://127.0.0.1:${mock.tlsPort}`);
console.log(`listening on http://127.0.0.1:${mock.port}`);
process.on('SIGTERM', () => process.exit(0));
