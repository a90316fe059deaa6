// nginx as a reverse proxy in front of a server under test, with its usual settings. Null where nginx is not installed.
import { mkdirSync, mkdtempSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

export interface NginxFront {
  readonly port: number;
  /** To be removed after stop(). */
  readonly folder: string;
  readonly stop: () => Promise<void>;
}

export async function startNginx(upstreamPort: number): Promise<NginxFront | null> {
  const binary = Bun.which('nginx');
  if (!binary) return null;
  const folder = mkdtempSync(join(tmpdir(), 'tollgate-nginx-'));
  mkdirSync(join(folder, 'tmp'));
  const port = await freePort();
  writeFileSync(join(folder, 'nginx.conf'), config(folder, port, upstreamPort));
  const child = Bun.spawn(
    [binary, '-p', folder, '-c', join(folder, 'nginx.conf'), '-e', join(folder, 'error.log')],
    {
      stdout: 'ignore',
      stderr: 'ignore',
    },
  );
  await untilListening(port);
  return {
    port,
    folder,
    stop: async () => {
      child.kill('SIGTERM');
      await child.exited;
    },
  };
}

function config(folder: string, port: number, upstreamPort: number): string {
  const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi']
    .map((name) => `${name}_temp_path ${folder}/tmp/${name};`)
    .join('\n  ');
  return `daemon off;
master_process off;
worker_processes 1;
pid ${folder}/nginx.pid;
events { worker_connections 256; }
http {
  access_log off;
  ${temporary}
  upstream tollgate { server 127.0.0.1:${upstreamPort}; keepalive 8; }
  server {
    listen 127.0.0.1:${port};
    location / {
      proxy_pass http://tollgate;
      proxy_http_version 1.1;
      proxy_set_header Connection "";
      proxy_set_header Host $host;
      proxy_set_header X-Forwarded-For $remote_addr;
      proxy_buffering off;
    }
  }
}
`;
}

async function freePort(): Promise<number> {
  const server = Bun.listen({ hostname: '127.0.0.1', port: 0, socket: { data() {} } });
  const { port } = server;
  server.stop(true);
  return port;
}

async function untilListening(port: number): Promise<void> {
  for (let tries = 0; tries < 200; tries++) {
    const open = await new Promise<boolean>((resolve) => {
      const socket = connect(port, '127.0.0.1', () => resolve(true));
      socket.on('error', () => resolve(false));
      socket.on('connect', () => socket.destroy());
    });
    if (open) return;
    await Bun.sleep(25);
  }
  throw new Error('nginx did not begin to listen');
}
