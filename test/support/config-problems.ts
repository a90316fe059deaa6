import { ConfigError } from '../../src/config/config-error.ts';

/** What a ConfigError lists; throws when nothing is refused. */
export function problemsOf(act: () => unknown): readonly string[] {
  try {
    act();
  } catch (error) {
    if (error instanceof ConfigError) return error.problems;
    throw error;
  }
  throw new Error('nothing was refused');
}
