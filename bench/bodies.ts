// Request bodies of a wanted size, in the shapes that clients send: text for small ones, a base64 image for large ones.
import { KILOBYTE } from './matrix.ts';

export interface BodyOptions {
  readonly model: string;
  readonly bytes: number;
  readonly stream: boolean;
}

/** Larger bodies than this are pictures in practice, not prose. */
const TEXT_BYTES_MAX = 200 * KILOBYTE;

/** A chat completion request of about `bytes` bytes. */
export function chatBody({ model, bytes, stream }: BodyOptions): string {
  const make = (content: unknown): string =>
    JSON.stringify({
      model,
      ...(stream ? { stream: true } : {}),
      temperature: 0.7,
      messages: [
        { role: 'system', content: 'You answer in plain words.' },
        { role: 'user', content },
      ],
    });
  if (bytes <= TEXT_BYTES_MAX) return make(fill('Tell me about the fox. ', bytes - make('').length));
  const image = (data: string) => [
    { type: 'text', text: 'What is in this picture?' },
    { type: 'image_url', image_url: { url: `data:image/png;base64,${data}` } },
  ];
  return make(image(fill('iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJ', bytes - make(image('')).length)));
}

/** The same question in Anthropic's Messages format. */
export function messagesBody({ model, bytes, stream }: BodyOptions): string {
  const make = (content: string): string =>
    JSON.stringify({
      model,
      max_tokens: 256,
      ...(stream ? { stream: true } : {}),
      messages: [{ role: 'user', content }],
    });
  return make(fill('Tell me about the fox. ', bytes - make('').length));
}

function fill(text: string, chars: number): string {
  return chars <= 0 ? text : text.repeat(Math.ceil(chars / text.length)).slice(0, chars);
}
