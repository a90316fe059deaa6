// A provider on Node and OpenSSL: another maker's HTTP and TLS than the runtime's own. Started with the folder of the
// certificate and a TLS version; says on stdout where it listens.
const { createHash } = require('node:crypto');
const { readFileSync } = require('node:fs');
const { createServer } = require('node:https');

const [folder, version] = process.argv.slice(2);
const CHUNKS = 50;
let connections = 0;

const server = createServer(
  {
    cert: readFileSync(`${folder}/localhost.pem`),
    key: readFileSync(`${folder}/localhost.key`),
    minVersion: version,
    maxVersion: version,
  },
  (request, response) => {
    const hash = createHash('sha256');
    request.on('data', (bytes) => hash.update(bytes));
    request.on('end', () => {
      if (request.url === '/stream') return stream(response, 0);
      if (request.url === '/close') response.setHeader('connection', 'close');
      response.setHeader('content-type', 'application/json');
      response.end(
        JSON.stringify({ sha256: hash.digest('hex'), connections, protocol: request.socket.getProtocol() }),
      );
    });
  },
);
server.on('secureConnection', () => {
  connections += 1;
});
// Closes what is idle sooner than a client expects.
server.keepAliveTimeout = 300;
server.listen(0, '127.0.0.1', () => console.log(`listening on ${server.address().port}`));

function stream(response, index) {
  if (index === 0) response.writeHead(200, { 'content-type': 'text/event-stream' });
  if (index === CHUNKS) return response.end();
  response.write(`data: ${index}\n\n`);
  setTimeout(() => stream(response, index + 1), 2);
}
