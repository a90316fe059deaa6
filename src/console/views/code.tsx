// Text to copy: code blocks, a key shown once, and the settings of client programs. The copy button is JavaScript's; selecting works without.
import type { Child } from 'hono/jsx';
import type { ClientSettings } from './client-settings.ts';

/** A block of code with a copy button; `label` names the file or the shell it belongs to. */
export function CodeBlock({ label, text }: { label: string; text: string }) {
  return (
    <section>
      <div class="mb-1.5 flex min-h-6 items-center justify-between gap-3">
        <p class="quiet text-sm">{label}</p>
        <CopyButton text={text} label={label} look="btn btn-outline btn-xs" />
      </div>
      <div class="code">
        <pre tabindex={0}>
          <code>{text}</code>
        </pre>
      </div>
    </section>
  );
}

/** Hidden until the script shows it: without JavaScript there is no button that does nothing. */
export function CopyButton({ text, label, look }: { text: string; label: string; look?: string }) {
  return (
    <button
      type="button"
      class={look ?? 'btn btn-outline btn-sm'}
      data-copy={text}
      hidden
      aria-label={`Copy: ${label}`}
    >
      Copy
    </button>
  );
}

/** A new key. It is in this one answer and nowhere else. */
export function KeyOnce({ token, children }: { token: string; children?: Child }) {
  return (
    <section class="panel border-primary" aria-labelledby="key-once">
      <div class="panel-body grid grid-cols-1 gap-3">
        <h2 id="key-once">Your new key</h2>
        <p class="quiet text-sm">Copy it now. Tollgate keeps only a fingerprint and cannot show it again.</p>
        <div class="flex flex-wrap items-center gap-3 rounded-lg bg-(--wash) px-4 py-3">
          <code class="token min-w-0 flex-1" data-token>
            {token}
          </code>
          <CopyButton text={token} label="the new key" look="btn btn-primary btn-sm" />
        </div>
        {children}
      </div>
    </section>
  );
}

/** One client's settings under a row of links to the others. */
export function ClientPicker(props: {
  clients: readonly ClientSettings[];
  chosen: string;
  href: (id: string) => string;
}) {
  const client = props.clients.find((each) => each.id === props.chosen) ?? props.clients[0];
  if (!client) return null;
  return (
    <div>
      <nav class="tabs" aria-label="Client programs">
        {props.clients.map((each) => (
          <a href={props.href(each.id)} {...(each.id === client.id ? { 'aria-current': 'page' } : {})}>
            {each.name}
          </a>
        ))}
      </nav>
      <ClientBlocks client={client} />
    </div>
  );
}

export function ClientBlocks({ client }: { client: ClientSettings }) {
  return (
    <div class="mt-5 grid grid-cols-1 gap-5">
      <p class="quiet max-w-[65ch] text-sm">{client.note}</p>
      {client.files.map((file) => (
        <CodeBlock label={file.label} text={file.text} />
      ))}
    </div>
  );
}
