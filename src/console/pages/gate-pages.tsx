// The pages before anybody is known: setup, sign-in, a forgotten password, and errors.
import type { Child } from 'hono/jsx';
import { FormErrors, PostForm, Submit, TextField } from '../views/form.tsx';
import type { FormState, Frame } from '../views/frame.ts';
import { GatePage } from '../views/layout.tsx';

export interface SetupModel {
  readonly state: FormState;
  /** The one-time secret of the setup link, carried through the form. */
  readonly token: string;
}

export function SetupPage({ frame, model }: { frame: Frame; model: SetupModel }) {
  return (
    <GatePage
      frame={frame}
      title="Welcome to Tollgate"
      lead="Choose the first admin. This page works once and closes for good."
    >
      <PostForm frame={frame} action="/ui/setup">
        <FormErrors state={model.state} />
        <input type="hidden" name="token" value={model.token} />
        <TextField
          name="username"
          label="Name"
          state={model.state}
          autocomplete="username"
          required
          autofocus
          hint="Letters, digits, dots, dashes and underscores."
        />
        <TextField
          name="password"
          label="Password"
          type="password"
          state={model.state}
          autocomplete="new-password"
          required
          hint="At least 8 characters; 15 or more are better. A sentence is fine."
        />
        <Submit label="Create admin and open the dashboard" />
      </PostForm>
    </GatePage>
  );
}

export interface SignInModel {
  readonly state: FormState;
  /** A path of this server to go to afterwards. */
  readonly next: string;
}

export function SignInPage({ frame, model }: { frame: Frame; model: SignInModel }) {
  return (
    <GatePage frame={frame} title="Sign in">
      <PostForm frame={frame} action="/ui/sign-in">
        <FormErrors state={model.state} />
        <input type="hidden" name="next" value={model.next} />
        <TextField
          name="username"
          label="Name"
          state={model.state}
          autocomplete="username"
          required
          autofocus
        />
        <TextField
          name="password"
          label="Password"
          type="password"
          state={model.state}
          autocomplete="current-password"
          required
        />
        <Submit label="Sign in" />
        <p class="text-sm">
          <a class="inline-link" href="/ui/forgotten">
            Forgot your password?
          </a>
        </p>
      </PostForm>
    </GatePage>
  );
}

export function ForgottenPage({ frame }: { frame: Frame }) {
  return (
    <GatePage frame={frame} title="Forgot your password">
      <div class="grid gap-4">
        <p>
          Tollgate sends no mail. Ask an admin to reset your password: under Users, your name, Reset password.
          You get a new one, shown once, and change it after signing in.
        </p>
        <p>If you are the admin, run this on the server, in the folder where Tollgate lives:</p>
        <div class="code">
          <pre tabindex={0}>
            <code>bin/tollgate user reset-password NAME</code>
          </pre>
        </div>
        <p class="quiet text-sm">Your API keys keep working. All signed-in sessions of the account end.</p>
        <p>
          <a class="inline-link" href="/ui/sign-in">
            Back to sign in
          </a>
        </p>
      </div>
    </GatePage>
  );
}

export interface ErrorModel {
  readonly title: string;
  readonly text: string;
  readonly requestId: string | null;
  readonly back: string;
}

export function ErrorPage({ frame, model }: { frame: Frame; model: ErrorModel }) {
  return (
    <GatePage frame={frame} title={model.title}>
      <div class="grid gap-4">
        <p>{model.text}</p>
        {model.requestId ? <RequestId id={model.requestId} /> : null}
        <p>
          <a class="inline-link" href={model.back}>
            {frame.viewer ? 'Back to the dashboard' : 'Go to sign in'}
          </a>
        </p>
      </div>
    </GatePage>
  );
}

function RequestId({ id }: { id: string }): Child {
  return (
    <p class="quiet text-sm">
      Request id: <code class="mono">{id}</code>
    </p>
  );
}
