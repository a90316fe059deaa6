// Copy-ready settings for the programs people use, with this server's address and a key in them. Pure text.
// Checked against the programs' own versions: Claude Code 2.1, Codex 0.169, opencode 1.18, Continue 1.5, SDKs openai 7 and anthropic 1.

export interface SettingsFile {
  readonly label: string;
  readonly text: string;
}

export interface ClientSettings {
  readonly id: string;
  readonly name: string;
  readonly note: string;
  readonly files: readonly SettingsFile[];
}

export interface ConnectTo {
  /** Address of this server without a trailing slash. */
  readonly origin: string;
  readonly token: string;
  readonly model: string;
}

/** All clients, in the order people look for them. */
export function clientSettings(to: ConnectTo): readonly ClientSettings[] {
  return [
    curl(to),
    claudeCode(to),
    codex(to),
    openCode(to),
    continueDev(to),
    cursor(to),
    openAiSdk(to),
    anthropicSdk(to),
  ];
}

function curl({ origin, token, model }: ConnectTo): ClientSettings {
  const body = JSON.stringify({ model, messages: [{ role: 'user', content: 'Say hello.' }] });
  return {
    id: 'curl',
    name: 'curl',
    note: 'The quickest check that a key works.',
    files: [
      {
        label: 'Shell',
        text: `curl ${origin}/v1/chat/completions \\
  -H "Authorization: Bearer ${token}" \\
  -H "Content-Type: application/json" \\
  -d '${body}'`,
      },
    ],
  };
}

function claudeCode({ origin, token, model }: ConnectTo): ClientSettings {
  return {
    id: 'claude-code',
    name: 'Claude Code',
    note: 'The address goes in without /v1; Claude Code adds its own paths.',
    files: [
      {
        label: 'Shell',
        text: `export ANTHROPIC_BASE_URL="${origin}"
export ANTHROPIC_AUTH_TOKEN="${token}"
export ANTHROPIC_MODEL="${model}"
claude`,
      },
      {
        label: '~/.claude/settings.json',
        text: json({
          env: { ANTHROPIC_BASE_URL: origin, ANTHROPIC_AUTH_TOKEN: token, ANTHROPIC_MODEL: model },
        }),
      },
    ],
  };
}

function codex({ origin, token, model }: ConnectTo): ClientSettings {
  return {
    id: 'codex',
    name: 'Codex',
    note: 'Codex speaks the Responses API only, so the model must be one that this server offers at /v1/responses.',
    files: [
      {
        label: '~/.codex/config.toml',
        text: `model = "${model}"
model_provider = "tollgate"

[model_providers.tollgate]
name = "Tollgate"
base_url = "${origin}/v1"
env_key = "TOLLGATE_API_KEY"
wire_api = "responses"`,
      },
      { label: 'Shell', text: `export TOLLGATE_API_KEY="${token}"\ncodex` },
    ],
  };
}

function openCode({ origin, token, model }: ConnectTo): ClientSettings {
  return {
    id: 'opencode',
    name: 'OpenCode',
    note: 'Put this into opencode.json in the project, or into ~/.config/opencode/opencode.json for all projects.',
    files: [
      {
        label: 'opencode.json',
        text: json({
          model: `tollgate/${model}`,
          provider: {
            tollgate: {
              npm: '@ai-sdk/openai-compatible',
              name: 'Tollgate',
              options: { baseURL: `${origin}/v1`, apiKey: token },
              models: { [model]: { name: model } },
            },
          },
        }),
      },
    ],
  };
}

function continueDev({ origin, token, model }: ConnectTo): ClientSettings {
  return {
    id: 'continue',
    name: 'Continue',
    note: 'For the editor extension and for the cn command line alike.',
    files: [
      {
        label: '~/.continue/config.yaml',
        text: `name: Tollgate
version: 1.0.0
schema: v1
models:
  - name: ${model} through Tollgate
    provider: openai
    model: ${model}
    apiBase: ${origin}/v1
    apiKey: ${token}
    roles: [chat, edit, apply]`,
      },
    ],
  };
}

function cursor({ origin, token, model }: ConnectTo): ClientSettings {
  return {
    id: 'cursor',
    name: 'Cursor',
    note: 'In Settings, Models: switch on the OpenAI key and override its base URL. Cursor calls from its own servers, so this address must be reachable from the internet.',
    files: [
      { label: 'OpenAI base URL', text: `${origin}/v1` },
      { label: 'OpenAI API key', text: token },
      { label: 'Add model', text: model },
    ],
  };
}

function openAiSdk({ origin, token, model }: ConnectTo): ClientSettings {
  return {
    id: 'openai-sdk',
    name: 'OpenAI SDK',
    note: 'Python and TypeScript read the same two variables.',
    files: [
      { label: 'Shell', text: `export OPENAI_BASE_URL="${origin}/v1"\nexport OPENAI_API_KEY="${token}"` },
      {
        label: 'Python',
        text: `from openai import OpenAI

client = OpenAI()
answer = client.chat.completions.create(
    model="${model}",
    messages=[{"role": "user", "content": "Say hello."}],
)
print(answer.choices[0].message.content)`,
      },
      {
        label: 'TypeScript',
        text: `import OpenAI from 'openai';

const client = new OpenAI();
const answer = await client.chat.completions.create({
  model: '${model}',
  messages: [{ role: 'user', content: 'Say hello.' }],
});
process.stdout.write(answer.choices[0].message.content ?? '');`,
      },
    ],
  };
}

function anthropicSdk({ origin, token, model }: ConnectTo): ClientSettings {
  return {
    id: 'anthropic-sdk',
    name: 'Anthropic SDK',
    note: 'The address goes in without /v1.',
    files: [
      { label: 'Shell', text: `export ANTHROPIC_BASE_URL="${origin}"\nexport ANTHROPIC_API_KEY="${token}"` },
      {
        label: 'Python',
        text: `from anthropic import Anthropic

client = Anthropic()
answer = client.messages.create(
    model="${model}",
    max_tokens=256,
    messages=[{"role": "user", "content": "Say hello."}],
)
print(answer.content[0].text)`,
      },
    ],
  };
}

function json(value: unknown): string {
  return JSON.stringify(value, null, 2);
}
