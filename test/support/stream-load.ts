// Run as a process of its own: asks for many streams at once and prints the length of each answer as JSON.
// (Inside `bun test` no more than 256 requests run at once, whatever the environment says.)
const [url = '', key = '', model = '', count = '1'] = process.argv.slice(2);

export {};

const lengths = await Promise.all(
  Array.from({ length: Number(count) }, async () => {
    const response = await fetch(`${url}/v1/chat/completions`, {
      method: 'POST',
      headers: { authorization: `Bearer ${key}` },
      body: JSON.stringify({ model, stream: true, stream_options: { include_usage: true }, messages: [] }),
    });
    return (await response.arrayBuffer()).byteLength;
  }),
);
console.log(JSON.stringify(lengths));
