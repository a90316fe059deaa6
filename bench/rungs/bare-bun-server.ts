// The process behind rung R3; see bare-bun.ts. Started with the upstream's origin as its only argument.
const upstream = `${process.argv[2]}/v1/chat/completions`;
const headers = { 'content-type': 'application/json', authorization: 'Bearer sk-upstream' };

const server = Bun.serve({
  hostname: '127.0.0.1',
  port: 0,
  idleTimeout: 0,
  async fetch(request) {
    const hmac = new Bun.CryptoHasher('sha256', 'pepper');
    const key = hmac.update(request.headers.get('authorization') ?? '').digest('hex');
    if (key === '') return new Response(null, { status: 401 });
    const text = await request.text();
    const body = JSON.parse(text) as { stream?: boolean };
    const answer = await fetch(upstream, { method: 'POST', headers, body: text });
    const contentType = answer.headers.get('content-type') ?? 'application/json';
    if (body.stream === true)
      return new Response(relay(answer), { headers: { 'content-type': contentType } });
    return new Response(await answer.text(), {
      status: answer.status,
      headers: { 'content-type': contentType },
    });
  },
});
console.log(`listening on http://127.0.0.1:${server.port}`);
process.on('SIGTERM', () => process.exit(0));

/** The pull stream that Tollgate's relay is compared with: no look at the bytes. */
function relay(answer: Response): ReadableStream<Uint8Array> | null {
  const reader = answer.body?.getReader();
  if (!reader) return null;
  return new ReadableStream<Uint8Array>({
    async pull(controller) {
      const { done, value } = await reader.read();
      if (done) controller.close();
      else controller.enqueue(value);
    },
    cancel: (reason) => reader.cancel(reason),
  });
}
