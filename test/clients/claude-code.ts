// What real Claude Code must be able to do: a prompt, a tool loop that reads and edits a file, and a second turn that
// remembers it; onto an Anthropic-, an OpenAI- and a Gemini-protocol provider, with a token and with a key.
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { asObject, asString, type JsonObject, parseJson } from '../../src/lib/json.ts';
import { type ScriptedUpstream, startScriptedUpstream } from '../support/scripted-upstream.ts';
import { startTollgate, type TestTollgate } from '../support/start-tollgate.ts';
import type { InstalledClient } from './install-claude-code.ts';
import {
  EDIT_PROMPT,
  EDITED,
  GREET_PROMPT,
  GREETING,
  playModel,
  RECALL_PROMPT,
  RECALLED,
} from './scripted-model.ts';

const RUN_MS_MAX = 90_000;
/** What every answer of the scripted providers reports. */
const PROMPT_TOKENS = 25;
const COMPLETION_TOKENS = 9;

export interface ClientRow {
  readonly name: string;
  readonly detail: string;
  readonly problem: string | null;
}

interface House {
  readonly client: InstalledClient;
  readonly upstream: ScriptedUpstream;
  readonly tollgate: TestTollgate;
  readonly folder: string;
  readonly model: string;
}

export async function runClaudeCode(client: InstalledClient): Promise<ClientRow[]> {
  const rows: ClientRow[] = [];
  for (const [provider, model] of [
    ['anthropic', 'anthropic/scripted'],
    ['local', 'local/scripted'],
    ['gemini', 'gemini/gemini-3-scripted'],
  ] as const) {
    const folder = mkdtempSync(join(tmpdir(), 'tollgate-client-'));
    const file = join(folder, 'work', 'notes.txt');
    const upstream = await startScriptedUpstream((request) => playModel(request, file));
    const tollgate = await startTollgate({
      ANTHROPIC_API_KEY: 'sk-ant-test',
      ANTHROPIC_API_BASE: upstream.url,
      LOCAL_API_KEY: 'sk-local',
      LOCAL_API_BASE: `${upstream.url}/v1`,
      GEMINI_API_KEY: 'gm-test',
      GEMINI_API_BASE: upstream.url,
    });
    try {
      mkdirSync(join(folder, 'work'));
      mkdirSync(join(folder, 'home'));
      const house = { client, upstream, tollgate, folder, model };
      rows.push(
        await row(`${provider}: a prompt, with a token`, () => prompt(house, 'ANTHROPIC_AUTH_TOKEN')),
      );
      rows.push(await row(`${provider}: a prompt, with a key`, () => prompt(house, 'ANTHROPIC_API_KEY')));
      rows.push(
        await row(`${provider}: reads and edits a file, then remembers it`, () => toolLoop(house, file)),
      );
      rows.push(
        await row(`${provider}: one usage row per request, with the provider's numbers`, () => ledger(house)),
      );
    } finally {
      await tollgate.stop();
      await upstream.stop();
      rmSync(folder, { recursive: true, force: true });
    }
  }
  return rows;
}

async function row(name: string, act: () => Promise<string>): Promise<ClientRow> {
  try {
    return { name, detail: await act(), problem: null };
  } catch (error) {
    return { name, detail: '', problem: error instanceof Error ? error.message : String(error) };
  }
}

async function prompt(house: House, carrier: 'ANTHROPIC_AUTH_TOKEN' | 'ANTHROPIC_API_KEY'): Promise<string> {
  const before = house.upstream.requests.length;
  const said = await claude(house, carrier, [GREET_PROMPT]);
  demand(said.result === GREETING, `said ${JSON.stringify(said.result)}`);
  return `${house.upstream.requests.length - before} requests`;
}

async function toolLoop(house: House, file: string): Promise<string> {
  const before = house.upstream.requests.length;
  writeFileSync(file, 'one apple a day\n');
  const tools = ['--allowedTools', 'Read,Edit', '--permission-mode', 'acceptEdits'];
  const first = await claude(house, 'ANTHROPIC_AUTH_TOKEN', [EDIT_PROMPT, ...tools]);
  demand(first.result === EDITED, `said ${JSON.stringify(first.result)}`);
  const text = readFileSync(file, 'utf8');
  demand(text === 'one pear a day\n', `the file holds ${JSON.stringify(text)}`);
  const second = await claude(house, 'ANTHROPIC_AUTH_TOKEN', [
    RECALL_PROMPT,
    '--resume',
    asString(first.session_id) ?? '',
  ]);
  demand(second.result === RECALLED, `on the second turn said ${JSON.stringify(second.result)}`);
  return `${house.upstream.requests.length - before} requests`;
}

async function ledger({ tollgate, upstream }: House): Promise<string> {
  const calls = upstream.requests.filter((request) => !/count_?tokens/i.test(request.path));
  const rows = await tollgate.usageEvents(calls.length);
  demand(rows.length === calls.length, `${rows.length} rows for ${calls.length} requests`);
  for (const each of rows) {
    demand(
      each.outcome === 'final' && each.provenance === 'provider',
      `a row is ${each.outcome}, ${each.provenance}`,
    );
    demand(
      each.prompt_tokens === PROMPT_TOKENS && each.completion_tokens === COMPLETION_TOKENS,
      `a row has ${each.prompt_tokens}/${each.completion_tokens} tokens`,
    );
    demand(each.client_session_id !== null, 'a row has no session id');
  }
  return `${rows.length} rows`;
}

async function claude(house: House, carrier: string, args: string[]): Promise<JsonObject> {
  const child = Bun.spawn([house.client.binary, '-p', ...args, '--output-format', 'json'], {
    cwd: join(house.folder, 'work'),
    env: {
      HOME: join(house.folder, 'home'),
      PATH: process.env.PATH ?? '',
      LANG: 'C.UTF-8',
      ANTHROPIC_BASE_URL: house.tollgate.url,
      [carrier]: house.tollgate.key,
      ANTHROPIC_MODEL: house.model,
      ANTHROPIC_SMALL_FAST_MODEL: house.model,
      ANTHROPIC_DEFAULT_HAIKU_MODEL: house.model,
      DISABLE_AUTOUPDATER: '1',
      CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC: '1',
      // The discard port: whatever is not loopback ends here.
      HTTPS_PROXY: 'http://127.0.0.1:9',
      HTTP_PROXY: 'http://127.0.0.1:9',
      NO_PROXY: '127.0.0.1,localhost',
    },
    stdin: 'ignore',
    stdout: 'pipe',
    stderr: 'pipe',
  });
  const timer = setTimeout(() => child.kill(), RUN_MS_MAX);
  const [out, errors, status] = await Promise.all([
    new Response(child.stdout).text(),
    new Response(child.stderr).text(),
    child.exited,
  ]);
  clearTimeout(timer);
  demand(status === 0, `ended with ${status}: ${`${out}\n${errors}`.slice(-800)}`);
  const said = asObject(parseJson(out));
  if (!said) throw new Error(`printed no JSON: ${out.slice(0, 300)}`);
  return said;
}

function demand(holds: boolean, problem: string): void {
  if (!holds) throw new Error(problem);
}
