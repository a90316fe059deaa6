// A new key, shown once, with the settings of every client around it.
import { type ConnectTo, clientSettings } from '../views/client-settings.ts';
import { ClientBlocks, KeyOnce } from '../views/code.tsx';
import type { Frame } from '../views/frame.ts';
import { Page } from '../views/layout.tsx';
import { LinkButton, Moment, Panel } from '../views/piece.tsx';

export interface KeyMadeModel {
  readonly connect: ConnectTo;
  readonly name: string;
  readonly isRotation: boolean;
  /** When the key that this one replaces stops working. */
  readonly oldEndsMs: number | null;
}

/** All settings stand on this page, folded: the token is in this answer only, so it cannot be carried to another. */
export function KeyMadePage({ frame, model }: { frame: Frame; model: KeyMadeModel }) {
  const [first, ...others] = clientSettings(model.connect);
  return (
    <Page
      frame={frame}
      title={model.isRotation ? 'Key rotated' : 'Key made'}
      lead={model.name}
      actions={<LinkButton href="/ui/keys">Done, I have copied it</LinkButton>}
    >
      <div class="stack">
        <KeyOnce token={model.connect.token}>
          {model.oldEndsMs === null ? null : (
            <p class="text-sm">
              The old key works until <Moment ms={model.oldEndsMs} frame={frame} />.
            </p>
          )}
        </KeyOnce>
        <Panel title="Try it" note="One request from a shell.">
          {first ? <ClientBlocks client={first} /> : null}
        </Panel>
        <Panel title="Settings for your program">
          <div class="divide-y divide-line">
            {others.map((client) => (
              <details name="client">
                <summary class="py-3 font-medium">{client.name}</summary>
                <div class="pb-5">
                  <ClientBlocks client={client} />
                </div>
              </details>
            ))}
          </div>
        </Panel>
      </div>
    </Page>
  );
}
