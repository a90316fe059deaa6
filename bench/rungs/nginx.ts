// nginx in its three parts: the constant mock for whole answers, R1 (plain pass-through: the practical limit)
// and R2 (the cheapest thing that checks a key and records a line).
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { MOCK_DEFAULTS, makeAnswers } from '../mock/answers.ts';
import { findTool } from '../system/machine.ts';
import { type Certificate, makeCertificate } from '../system/make-certificate.ts';
import { freePort, type Started, startProcess, waitForPort } from '../system/start-process.ts';
import {
  BENCH_TOKEN,
  CHAT_PATH,
  certified,
  isSecure,
  type Running,
  type Surroundings,
  type System,
  type Upstream,
  upstreamPort,
} from './system.ts';

export const NGINX_MISSING = 'nginx is not installed (Debian: apt-get install nginx-light)';
const START_TIMEOUT_MS = 5_000;

interface NginxOptions {
  readonly folder: string;
  readonly name: string;
  readonly core: number;
  /** Directives inside `http`, the server block included. */
  readonly http: string;
  readonly port: number;
}

async function startNginx(options: NginxOptions): Promise<Started> {
  const binary = findTool('nginx');
  if (!binary) throw new Error(NGINX_MISSING);
  const folder = join(options.folder, options.name);
  mkdirSync(folder, { recursive: true });
  const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi']
    .map((kind) => `  ${kind}_temp_path ${folder}/${kind};`)
    .join('\n');
  writeFileSync(
    join(folder, 'nginx.conf'),
    `worker_processes 1;
daemon off;
pid ${folder}/nginx.pid;
error_log ${folder}/error.log;
events { worker_connections 8192; }
http {
  access_log off;
  keepalive_requests 100000000;
  client_max_body_size 64m;
  client_body_buffer_size 64k;
${temporary}
${options.http}
}
`,
  );
  const started = startProcess({
    command: [binary, '-p', folder, '-c', join(folder, 'nginx.conf')],
    core: options.core,
  });
  await waitForPort(options.port, START_TIMEOUT_MS).catch((error: Error) => {
    throw new Error(`${error.message}: ${started.output()}`);
  });
  return started;
}

export interface ConstantMock {
  readonly port: number;
  readonly tls: { readonly port: number; readonly certificate: Certificate } | null;
  readonly stop: () => Promise<void>;
}

/** The quickest upstream there is: one constant answer of about 900 bytes, plain and behind TLS. */
export async function startConstantMock(folder: string, core: number): Promise<ConstantMock> {
  const port = freePort();
  const certificate = await makeCertificate(folder);
  const tlsPort = freePort();
  const secure = certificate
    ? `listen 127.0.0.1:${tlsPort} ssl backlog=4096;
    ssl_certificate ${certificate.certificatePath}; ssl_certificate_key ${certificate.keyPath};`
    : '';
  const answer = makeAnswers(MOCK_DEFAULTS).whole.toString();
  const body = answer.slice(answer.indexOf('\r\n\r\n') + 4);
  const http = `  default_type application/json;
  server { listen 127.0.0.1:${port} backlog=4096; ${secure} location / { return 200 '${body}'; } }`;
  const started = await startNginx({ folder, name: 'constant', core, http, port });
  return { port, tls: certificate && { port: tlsPort, certificate }, stop: started.stop };
}

const PASS = `proxy_pass http://upstream_pool; proxy_http_version 1.1; proxy_set_header Connection "";
      proxy_buffering off; proxy_request_buffering off;`;

/** With the checks that every client of a provider makes. */
function passOver(surroundings: Surroundings, upstream: Upstream): string {
  if (!isSecure(upstream)) return PASS;
  return `${PASS.replace('http://', 'https://')} proxy_ssl_name localhost; proxy_ssl_server_name on;
      proxy_ssl_verify on; proxy_ssl_trusted_certificate ${certified(surroundings).certificatePath};`;
}

function upstreamBlock(port: number): string {
  return `  upstream upstream_pool { server 127.0.0.1:${port}; keepalive 1024; keepalive_requests 100000000; }`;
}

interface NginxRung {
  readonly name: string;
  readonly does: string;
  readonly checksKeys: boolean;
  /** Of its port, the block that names the upstream, and the directives that pass a request on. */
  readonly http: (port: number, upstream: string, pass: string) => string;
}

function nginxSystem({ name, does, checksKeys, http }: NginxRung): System {
  return {
    name,
    does,
    checksKeys,
    trusts: true,
    missing: () => (findTool('nginx') ? null : NGINX_MISSING),
    start: async (surroundings: Surroundings, upstream): Promise<Running> => {
      const port = freePort();
      const block = upstreamBlock(upstreamPort(surroundings, upstream));
      const folderName = `${name.replaceAll(/\W+/g, '-')}-${upstream}`;
      const { folder, core } = surroundings;
      const directives = http(port, block, passOver(surroundings, upstream));
      const started = await startNginx({ folder, name: folderName, core, http: directives, port });
      return {
        port,
        pid: started.pid,
        path: CHAT_PATH,
        headers: { Authorization: `Bearer ${BENCH_TOKEN}` },
        model: 'openai/gpt-4o-mini',
        version: nginxVersion(),
        stop: started.stop,
      };
    },
  };
}

function nginxVersion(): string {
  const result = Bun.spawnSync([findTool('nginx') ?? 'nginx', '-v']);
  return result.stderr.toString().trim().replace('nginx version: ', '');
}

export const nginxPass = nginxSystem({
  name: 'R1 nginx pass-through',
  does: 'keep-alive upstream, no buffering, no log: the practical limit',
  checksKeys: false,
  http: (port, upstream, pass) => `${upstream}
  server { listen 127.0.0.1:${port} backlog=4096; location / { ${pass} } }`,
});

export const nginxKeyed = nginxSystem({
  name: 'R2 nginx with key check and log',
  does: 'a map on the Authorization header and a buffered access log',
  checksKeys: true,
  http: (port, upstream, pass) => `${upstream}
  map_hash_bucket_size 256;
  map $http_authorization $allowed { default 0; "Bearer ${BENCH_TOKEN}" 1; }
  log_format record '$msec $request_length $bytes_sent $status';
  server { listen 127.0.0.1:${port} backlog=4096;
    access_log access.log record buffer=64k flush=1s;
    location / { if ($allowed = 0) { return 401; } ${pass} } }`,
});
