// The built-in demo provider: a small model server on loopback that speaks a provider's real wire format, so that
// routing, streaming, usage and failure run the real path. It knows no secrets but its own key.
import { sleep, systemClock } from '../../lib/clock.ts';
import { newId, randomToken } from '../../lib/id.ts';
import { asArray, asObject, asString, type JsonObject, parseJson } from '../../lib/json.ts';
import { customProvider } from '../providers/discover.ts';
import { type Credential, PRIORITY_DEFAULT, type ProviderSpec } from '../providers/provider-spec.ts';
import {
  answerDemo,
  countDemoTokens,
  DEMO_MODELS,
  type DemoModel,
  embedDemo,
  promptText,
} from './demo-answers.ts';
import { type DemoCall, demoChunks, demoCompletion } from './demo-wire.ts';

/** A pause between chunks, so that a stream looks like one. */
const CHUNK_GAP_MS = 12;

export interface DemoProvider {
  readonly spec: ProviderSpec;
  readonly credential: Credential;
  readonly models: readonly string[];
  readonly stop: () => Promise<void>;
}

export function startDemoProvider(): DemoProvider {
  const secret = randomToken(24);
  const server = Bun.serve({
    hostname: '127.0.0.1',
    port: 0,
    development: false,
    idleTimeout: 0,
    fetch: (request) => handle(request, secret),
    error: () => failure(500, 'the demo provider failed'),
  });
  return {
    spec: customProvider('demo', `http://127.0.0.1:${server.port}/v1`),
    credential: {
      id: 'crd_demo',
      provider: 'demo',
      secret,
      source: 'demo',
      label: 'built in',
      priority: PRIORITY_DEFAULT,
    },
    models: DEMO_MODELS.map((model) => `demo/${model}`),
    stop: () => server.stop(true),
  };
}

async function handle(request: Request, secret: string): Promise<Response> {
  if (request.headers.get('authorization') !== `Bearer ${secret}`) return failure(401, 'wrong key');
  const { pathname } = new URL(request.url);
  if (pathname === '/v1/models') return Response.json({ object: 'list', data: DEMO_MODELS.map(listed) });
  const body = asObject(parseJson(await request.text()));
  if (!body) return failure(400, 'the body is not a JSON object');
  const model = DEMO_MODELS.find((name) => name === body.model);
  if (!model)
    return failure(
      404,
      `The model '${asString(body.model)}' does not exist. There are: ${DEMO_MODELS.join(', ')}.`,
    );
  if (pathname === '/v1/embeddings') return embeddings(body, model);
  if (pathname === '/v1/chat/completions') return chat(body, model);
  return failure(404, 'no such path');
}

function listed(model: string): JsonObject {
  return { id: model, object: 'model', created: 1_767_225_600, owned_by: 'tollgate-demo' };
}

function chat(body: JsonObject, model: DemoModel): Response {
  const call: DemoCall = {
    id: `chatcmpl-${newId('req').slice(4)}`,
    model,
    createdS: Math.floor(systemClock.nowMs() / 1000),
    prompt: promptText(body),
    answer: answerDemo(model, body),
  };
  if (body.stream !== true) return Response.json(demoCompletion(call));
  return new Response(stream(call, asObject(body.stream_options)?.include_usage === true), {
    headers: { 'content-type': 'text/event-stream; charset=utf-8', 'cache-control': 'no-cache' },
  });
}

function stream(call: DemoCall, includeUsage: boolean): ReadableStream<Uint8Array> {
  const chunks = demoChunks(call, includeUsage);
  const encoder = new TextEncoder();
  return new ReadableStream({
    pull: async (controller) => {
      const next = chunks.next();
      if (next.done) return controller.close();
      await sleep(CHUNK_GAP_MS);
      controller.enqueue(encoder.encode(`data: ${next.value}\n\n`));
    },
  });
}

function embeddings(body: JsonObject, model: DemoModel): Response {
  if (model !== 'embed') return failure(400, `The model '${model}' makes no embeddings; use embed.`);
  const inputs = asArray(body.input) ?? [body.input ?? ''];
  const texts = inputs.map((input) => (typeof input === 'string' ? input : JSON.stringify(input)));
  const tokens = texts.reduce((sum, text) => sum + countDemoTokens(text), 0);
  const data = texts.map((text, index) => {
    const vector = embedDemo(text);
    const embedding =
      body.encoding_format === 'base64'
        ? Buffer.from(new Float32Array(vector).buffer).toString('base64')
        : vector;
    return { object: 'embedding', index, embedding };
  });
  return Response.json({
    object: 'list',
    data,
    model,
    usage: { prompt_tokens: tokens, total_tokens: tokens },
  });
}

function failure(status: number, message: string): Response {
  const type = status >= 500 ? 'server_error' : 'invalid_request_error';
  return Response.json({ error: { message, type, param: null, code: null } }, { status });
}
