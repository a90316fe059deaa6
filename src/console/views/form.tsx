// Form pieces: every control has a label, its error stands beside it and is read with it, and what was typed comes back.
import type { Child } from 'hono/jsx';
import type { FormState, Frame } from './frame.ts';
import { CSRF_FIELD } from './frame.ts';
import { Icon } from './icon.tsx';

export interface FormProps {
  readonly frame: Frame;
  readonly action: string;
  readonly children?: Child;
  readonly look?: string;
}

/** A posted form with its CSRF token. */
export function PostForm({ frame, action, children, look }: FormProps) {
  return (
    <form method="post" action={action} class={look ?? 'form'} novalidate>
      <input type="hidden" name={CSRF_FIELD} value={frame.csrf} />
      {children}
    </form>
  );
}

/** A form of one button, for acts that need no question. */
export function ActButton(
  props: FormProps & { label: string; danger?: boolean; fields?: Record<string, string> },
) {
  return (
    <PostForm frame={props.frame} action={props.action} look="inline">
      {Object.entries(props.fields ?? {}).map(([name, value]) => (
        <input type="hidden" name={name} value={value} />
      ))}
      <button type="submit" class={`btn btn-sm ${props.danger ? 'btn-danger-quiet' : 'btn-outline'}`}>
        {props.label}
      </button>
    </PostForm>
  );
}

interface FieldProps {
  readonly name: string;
  readonly label: string;
  readonly state: FormState;
  readonly hint?: Child;
  readonly idPrefix?: string;
}

/** Ids of a field and the attributes that tie hint and error to the control. */
function wiring({ name, state, hint, idPrefix }: FieldProps) {
  const id = `${idPrefix ?? 'f'}-${name}`;
  const error = state.errors[name];
  const described = [hint ? `${id}-hint` : '', error ? `${id}-error` : ''].filter(Boolean).join(' ');
  return {
    id,
    error,
    attributes: {
      ...(described ? { 'aria-describedby': described } : {}),
      ...(error ? { 'aria-invalid': 'true' as const } : {}),
    },
  };
}

function Surround(props: FieldProps & { children?: Child }) {
  const { id, error } = wiring(props);
  return (
    <div class="field">
      <label for={id}>{props.label}</label>
      {props.children}
      {props.hint ? (
        <p class="field-hint" id={`${id}-hint`}>
          {props.hint}
        </p>
      ) : null}
      {error ? (
        <p class="field-error" id={`${id}-error`}>
          <span class="mt-0.5 size-4 shrink-0">
            <Icon name="warn" />
          </span>
          {error}
        </p>
      ) : null}
    </div>
  );
}

export interface TextFieldProps extends FieldProps {
  readonly type?: 'text' | 'password' | 'url' | 'number' | 'search' | 'date';
  readonly autocomplete?: string;
  readonly required?: boolean;
  readonly placeholder?: string;
  readonly autofocus?: boolean;
}

export function TextField(props: TextFieldProps) {
  const { id, attributes } = wiring(props);
  const type = props.type ?? 'text';
  return (
    <Surround {...props}>
      <input
        class="input"
        id={id}
        name={props.name}
        type={type}
        value={type === 'password' ? '' : (props.state.values[props.name] ?? '')}
        autocomplete={props.autocomplete ?? 'off'}
        spellcheck={false}
        {...(props.required ? { required: true } : {})}
        {...(props.autofocus ? { autofocus: true } : {})}
        {...(props.placeholder ? { placeholder: props.placeholder } : {})}
        {...attributes}
      />
    </Surround>
  );
}

export type Option = readonly [value: string, label: string];

export function SelectField(props: FieldProps & { options: readonly Option[] }) {
  const { id, attributes } = wiring(props);
  const chosen = props.state.values[props.name] ?? '';
  return (
    <Surround {...props}>
      <select class="select" id={id} name={props.name} {...attributes}>
        {props.options.map(([value, label]) => (
          <option value={value} {...(value === chosen ? { selected: true } : {})}>
            {label}
          </option>
        ))}
      </select>
    </Surround>
  );
}

export function CheckField(props: FieldProps & { value: string }) {
  const { id, attributes, error } = wiring(props);
  return (
    <div class="field">
      <div class="check-row">
        <input
          type="checkbox"
          class="checkbox checkbox-sm"
          id={id}
          name={props.name}
          value={props.value}
          {...(props.state.values[props.name] === props.value ? { checked: true } : {})}
          {...attributes}
        />
        <div>
          <label for={id} class="font-medium">
            {props.label}
          </label>
          {props.hint ? (
            <p class="field-hint" id={`${id}-hint`}>
              {props.hint}
            </p>
          ) : null}
        </div>
      </div>
      {error ? (
        <p class="field-error" id={`${id}-error`}>
          {error}
        </p>
      ) : null}
    </div>
  );
}

/** A choice in a row of filters. */
export function Pick(props: {
  name: string;
  label: string;
  value: string;
  all?: string;
  options: readonly (readonly [value: string, label: string])[];
}) {
  const options = props.all ? ([['', props.all], ...props.options] as const) : props.options;
  return (
    <div class="field min-w-0">
      <label for={`pick-${props.name}`}>{props.label}</label>
      <select class="select max-w-56" id={`pick-${props.name}`} name={props.name}>
        {options.map(([value, label]) => (
          <option value={value} {...(value === props.value ? { selected: true } : {})}>
            {label}
          </option>
        ))}
      </select>
    </div>
  );
}

export interface OptionGroup {
  readonly label: string;
  readonly options: readonly Option[];
}

/** One choice out of several kinds. */
export function PickOne(props: {
  name: string;
  label: string;
  value: string;
  all: string;
  groups: readonly OptionGroup[];
}) {
  return (
    <div class="field min-w-0">
      <label for={`pick-${props.name}`}>{props.label}</label>
      <select class="select max-w-64" id={`pick-${props.name}`} name={props.name}>
        <option value="">{props.all}</option>
        {props.groups
          .filter((group) => group.options.length > 0)
          .map((group) => (
            <optgroup label={group.label}>
              {group.options.map(([value, label]) => (
                <option value={value} {...(value === props.value ? { selected: true } : {})}>
                  {label}
                </option>
              ))}
            </optgroup>
          ))}
      </select>
    </div>
  );
}

/** What was wrong with the whole, above the fields. */
export function FormErrors({ state }: { state: FormState }) {
  const whole = state.errors[''];
  const total = Object.keys(state.errors).length;
  if (total === 0) return null;
  return (
    <div class="notice notice-bad" role="alert">
      <Icon name="warn" />
      <p>
        {whole ??
          `${total === 1 ? 'One field needs' : `${total} fields need`} another look. Nothing was saved.`}
      </p>
    </div>
  );
}

export function Submit({ label, danger, cancel }: { label: string; danger?: boolean; cancel?: string }) {
  return (
    <div class="flex flex-wrap items-center gap-3 pt-1">
      <button type="submit" class={`btn ${danger ? 'btn-danger' : 'btn-primary'}`}>
        {label}
      </button>
      {cancel ? (
        <a class="btn btn-outline" href={cancel}>
          Cancel
        </a>
      ) : null}
    </div>
  );
}
