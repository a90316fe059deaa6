// Peers that are measured only where somebody has installed them: LiteLLM (Python) and Bifrost (Go).
// Their configuration is written here, so that a result can be repeated; absence is reported, never a pass.
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { CHAT_PATH, type System, upstreamPort } from '../rungs/system.ts';
import { findTool } from '../system/machine.ts';
import { freePort, startProcess, waitForPort } from '../system/start-process.ts';

const START_TIMEOUT_MS = 60_000;

export const litellm: System = {
  name: 'LiteLLM',
  does: 'master key, one worker, no database, telemetry off',
  missing: () => (findTool('litellm') ? null : 'litellm is not on PATH (pip install "litellm[proxy]")'),
  start: async (surroundings, upstream) => {
    const folder = join(surroundings.folder, `litellm-${upstream}`);
    mkdirSync(folder, { recursive: true });
    const config = join(folder, 'config.yaml');
    writeFileSync(
      config,
      `model_list:
  - model_name: gpt-4o-mini
    litellm_params:
      model: openai/gpt-4o-mini
      api_base: http://127.0.0.1:${upstreamPort(surroundings, upstream)}/v1
      api_key: sk-bench
litellm_settings:
  telemetry: false
general_settings:
  master_key: sk-bench
`,
    );
    const port = freePort();
    const started = startProcess({
      command: ['litellm', '--config', config, '--host', '127.0.0.1', '--port', String(port)],
      core: surroundings.core,
    });
    await waitForPort(port, START_TIMEOUT_MS);
    const version = Bun.spawnSync(['litellm', '--version']).stdout.toString().trim();
    return running({ port, pid: started.pid, version, model: 'gpt-4o-mini', stop: started.stop });
  },
};

export const bifrost: System = {
  name: 'Bifrost',
  does: 'one OpenAI key, no governance plugin, no logs store',
  missing: () => (findTool('bifrost-http') ? null : 'bifrost-http is not on PATH'),
  start: async (surroundings, upstream) => {
    const folder = join(surroundings.folder, `bifrost-${upstream}`);
    mkdirSync(folder, { recursive: true });
    const provider = {
      keys: [{ name: 'bench', value: 'sk-bench', models: ['gpt-4o-mini'], weight: 1 }],
      network_config: { base_url: `http://127.0.0.1:${upstreamPort(surroundings, upstream)}` },
      concurrency_and_buffer_size: { concurrency: 256, buffer_size: 1024 },
    };
    writeFileSync(join(folder, 'config.json'), JSON.stringify({ providers: { openai: provider } }));
    const port = freePort();
    const started = startProcess({
      command: ['bifrost-http', '-host', '127.0.0.1', '-port', String(port), '-app-dir', folder],
      core: surroundings.core,
      environment: { GOMAXPROCS: '1' },
    });
    await waitForPort(port, START_TIMEOUT_MS);
    return running({
      port,
      pid: started.pid,
      version: 'as found on PATH',
      model: 'openai/gpt-4o-mini',
      stop: started.stop,
    });
  },
};

function running(parts: {
  port: number;
  pid: number;
  version: string;
  model: string;
  stop: () => Promise<void>;
}) {
  return { ...parts, path: CHAT_PATH, headers: { Authorization: 'Bearer sk-bench' } };
}
