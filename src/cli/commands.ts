// The list of commands. Each one's code is loaded only when it is asked for: a server need not carry the importer, and
// `key list` starts in half the time.
import type { Command } from 'commander';

type AddCommand = (program: Command) => void;

interface CommandEntry {
  /** The first words of the command lines it answers. */
  readonly words: readonly string[];
  readonly load: () => Promise<AddCommand>;
}

const COMMANDS: readonly CommandEntry[] = [
  { words: ['serve'], load: async () => (await import('./serve.ts')).addServeCommand },
  { words: ['demo'], load: async () => (await import('./demo.ts')).addDemoCommand },
  { words: ['user'], load: async () => (await import('./user.ts')).addUserCommands },
  { words: ['key'], load: async () => (await import('./key.ts')).addKeyCommands },
  { words: ['import'], load: async () => (await import('./import.ts')).addImportCommand },
  { words: ['provider'], load: async () => (await import('./provider.ts')).addProviderCommands },
  { words: ['limit'], load: async () => (await import('./limit.ts')).addLimitCommands },
  { words: ['price'], load: async () => (await import('./price.ts')).addPriceCommands },
  { words: ['usage'], load: async () => (await import('./usage.ts')).addUsageCommands },
  { words: ['verify'], load: async () => (await import('./verify.ts')).addVerifyCommand },
  { words: ['backup', 'restore'], load: async () => (await import('./backup.ts')).addBackupCommands },
  { words: ['config'], load: async () => (await import('./config.ts')).addConfigCommands },
  { words: ['doctor'], load: async () => (await import('./doctor.ts')).addDoctorCommand },
];

/** Adds the command that `word` names, or all of them when it names none: for help and for slips of the pen. */
export async function addCommands(program: Command, word: string | undefined): Promise<void> {
  const named = COMMANDS.filter(({ words }) => word !== undefined && words.includes(word));
  for (const { load } of named.length > 0 ? named : COMMANDS) (await load())(program);
}
