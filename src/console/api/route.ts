// What a route of the JSON API is: one value that says its path, who may call it, what goes in and what comes out.
// Validation, types, the OpenAPI document and the test matrix are all read from it.
import type { z } from 'zod';
import type { Principal } from '../../core/principal.ts';
import type { LiveSession } from '../../services/people/sessions.ts';
import type { Visitor } from '../guard/visitor.ts';

/**
 * `none`: everybody. `person`: a session only. `user`: a session or an admin API key, which acts as its owner.
 * `admin`: the same, and the role admin.
 */
export type Access = 'none' | 'person' | 'user' | 'admin';

export type Method = 'GET' | 'POST' | 'PATCH' | 'PUT' | 'DELETE';

export interface RouteInput<Params, Query, Body> {
  readonly params: Params;
  readonly query: Query;
  readonly body: Body;
  readonly visitor: Visitor;
  /** The session of a `person` route; the acting principal of `person`, `user` and `admin` routes. */
  readonly session: LiveSession | null;
  readonly principal: Principal | null;
  /** Adds a header to the answer; `set-cookie` may be added several times. */
  readonly header: (name: string, value: string) => void;
}

/** Text that is not JSON: a CSV file, streamed or whole. */
export class RawAnswer {
  readonly body: string | ReadableStream<Uint8Array>;
  readonly contentType: string;
  readonly fileName: string | null;

  constructor(body: string | ReadableStream<Uint8Array>, contentType: string, fileName: string | null) {
    this.body = body;
    this.contentType = contentType;
    this.fileName = fileName;
  }
}

export interface Route {
  readonly method: Method;
  /** Parts in braces are parameters: `/api/me/api-keys/{id}`. */
  readonly path: string;
  readonly access: Access;
  readonly tag: string;
  readonly summary: string;
  readonly params: z.ZodType | null;
  readonly query: z.ZodType | null;
  readonly body: z.ZodType | null;
  /** True when an absent body is as good as an empty object. */
  readonly bodyOptional: boolean;
  readonly answer: z.ZodType;
  /** Statuses beyond those that follow from access and validation. */
  readonly failures: readonly number[];
  readonly handle: (input: RouteInput<never, never, never>) => Promise<unknown>;
}

interface RouteSpec<P extends z.ZodType, Q extends z.ZodType, B extends z.ZodType, A extends z.ZodType> {
  readonly method: Method;
  readonly path: string;
  readonly access: Access;
  readonly tag: string;
  readonly summary: string;
  readonly params?: P;
  readonly query?: Q;
  readonly body?: B;
  readonly bodyOptional?: boolean;
  readonly answer: A;
  readonly failures?: readonly number[];
  readonly handle: (
    input: RouteInput<z.output<P>, z.output<Q>, z.output<B>>,
  ) => Promise<z.input<A> | RawAnswer>;
}

/** Keeps the handler's types tied to the schemas, then forgets them, so that routes fit in one list. */
export function defineRoute<
  A extends z.ZodType,
  P extends z.ZodType = z.ZodUndefined,
  Q extends z.ZodType = z.ZodUndefined,
  B extends z.ZodType = z.ZodUndefined,
>(spec: RouteSpec<P, Q, B, A>): Route {
  return {
    method: spec.method,
    path: spec.path,
    access: spec.access,
    tag: spec.tag,
    summary: spec.summary,
    params: spec.params ?? null,
    query: spec.query ?? null,
    body: spec.body ?? null,
    bodyOptional: spec.bodyOptional ?? false,
    answer: spec.answer,
    failures: spec.failures ?? [],
    handle: spec.handle as Route['handle'],
  };
}
