// Every error a caller can see: a stable code, a status and one public sentence. docs/errors.md lists the same, held by a test.
// Internal detail never goes in here; it travels in AppError.internal and ends in the log.

interface CatalogueRow {
  readonly status: number;
  /** OpenAI's `error.type`; the Anthropic and Gemini encoders derive theirs from the status. */
  readonly type:
    | 'invalid_request_error'
    | 'authentication_error'
    | 'permission_error'
    | 'not_found_error'
    | 'rate_limit_error'
    | 'insufficient_quota'
    | 'api_error';
  /** `{name}` parts are filled from AppError.params. */
  readonly message: string;
}

export const CATALOGUE = {
  // what was asked
  bad_path: {
    status: 400,
    type: 'invalid_request_error',
    message:
      'The path is not in its plain form. Send it without encoded slashes, dots, backslashes or doubled slashes.',
  },
  invalid_json: {
    status: 400,
    type: 'invalid_request_error',
    message: 'The request body is not valid JSON: {detail}',
  },
  invalid_request: { status: 400, type: 'invalid_request_error', message: '{detail}' },
  unsupported_feature: {
    status: 400,
    type: 'invalid_request_error',
    message:
      'The request uses {feature}, which cannot be carried to {target}. Leave it out or choose another model.',
  },
  not_found: { status: 404, type: 'not_found_error', message: 'There is nothing at {method} {path}.' },
  model_not_found: {
    status: 404,
    type: 'not_found_error',
    message:
      "The model '{model}' does not exist here or your key may not use it. GET /v1/models lists the models you may use.",
  },
  method_not_allowed: {
    status: 405,
    type: 'invalid_request_error',
    message: '{method} is not allowed here. Use {allowed}.',
  },
  body_interrupted: {
    status: 400,
    type: 'invalid_request_error',
    message: 'The request body ended before its end.',
  },
  request_timeout: {
    status: 408,
    type: 'invalid_request_error',
    message: 'The request body did not arrive in time.',
  },
  conflict: { status: 409, type: 'invalid_request_error', message: '{detail}' },
  body_too_large: {
    status: 413,
    type: 'invalid_request_error',
    message: 'The request body is larger than {limit} bytes, the limit set by BODY_BYTES_MAX.',
  },
  invalid_body_size: {
    status: 413,
    type: 'invalid_request_error',
    message: 'The request body is larger than {limit} bytes, the limit of this API.',
  },
  unsupported_media_type: { status: 415, type: 'invalid_request_error', message: '{detail}' },
  validation_failed: { status: 422, type: 'invalid_request_error', message: '{detail}' },
  upgrade_required: {
    status: 426,
    type: 'invalid_request_error',
    message: 'WebSocket is not offered here. Use HTTP.',
  },
  // who asks
  missing_api_key: {
    status: 401,
    type: 'authentication_error',
    message: 'No API key was sent. Send one as "Authorization: Bearer <key>" or "x-api-key: <key>".',
  },
  invalid_api_key: { status: 401, type: 'authentication_error', message: 'The API key is not known here.' },
  key_revoked: { status: 401, type: 'authentication_error', message: 'The API key was revoked.' },
  key_expired: { status: 401, type: 'authentication_error', message: 'The API key has expired.' },
  user_disabled: {
    status: 401,
    type: 'authentication_error',
    message: 'The account that owns this API key is disabled.',
  },
  conflicting_credentials: {
    status: 401,
    type: 'authentication_error',
    message: 'Two different API keys were sent in one request. Send one.',
  },
  key_in_url: {
    status: 401,
    type: 'authentication_error',
    message: 'API keys are not accepted in the URL, because URLs end up in logs. Send a header.',
  },
  not_allowed: { status: 403, type: 'permission_error', message: '{detail}' },
  model_not_allowed: {
    status: 403,
    type: 'permission_error',
    message: "This key may not use the model '{model}'.",
  },
  address_not_allowed: {
    status: 403,
    type: 'permission_error',
    message: 'This key may not be used from your address.',
  },
  // who signs in
  sign_in_required: { status: 401, type: 'authentication_error', message: 'Authentication required' },
  invalid_session: { status: 401, type: 'authentication_error', message: 'Invalid session' },
  bad_sign_in: { status: 401, type: 'authentication_error', message: 'Invalid username or password' },
  admin_required: { status: 403, type: 'permission_error', message: 'Admin access required' },
  admin_scope_required: {
    status: 403,
    type: 'permission_error',
    message: 'This API key opens /v1 only. A key with the admin scope, owned by an admin, opens /api.',
  },
  session_required: {
    status: 403,
    type: 'permission_error',
    message: 'Only a person who is signed in can do this. An API key cannot.',
  },
  csrf_failed: {
    status: 403,
    type: 'permission_error',
    message: 'CSRF validation failed',
  },
  object_not_found: { status: 404, type: 'not_found_error', message: '{what} not found' },
  setup_closed: {
    status: 410,
    type: 'invalid_request_error',
    message: 'The setup is done, or its link is not the one printed at the last start.',
  },
  sign_in_throttled: {
    status: 429,
    type: 'rate_limit_error',
    message: 'Too many failed sign-ins. Try again in {seconds} s.',
  },
  sign_in_busy: {
    status: 429,
    type: 'rate_limit_error',
    message: 'Too many people are signing in at this moment. Try again in a few seconds.',
  },
  // limits
  rate_limited: { status: 429, type: 'rate_limit_error', message: '{detail}' },
  budget_exhausted: { status: 429, type: 'insufficient_quota', message: '{detail}' },
  unpriced_model: {
    status: 403,
    type: 'permission_error',
    message:
      "The model '{model}' has no price here, and your budget is in money. Ask an admin to set a price or allow it.",
  },
  // what lies behind
  all_targets_cooling: {
    status: 429,
    type: 'rate_limit_error',
    message: "Every provider key for '{model}' is resting. Try again in {seconds} s.",
  },
  all_targets_down: {
    status: 503,
    type: 'api_error',
    message: "Every provider key for '{model}' is out of service after failures. Try again in {seconds} s.",
  },
  no_credential: {
    status: 503,
    type: 'api_error',
    message: "No provider key for '{model}' is switched on here. Ask an admin to add one.",
  },
  upstream_rate_limited: {
    status: 429,
    type: 'rate_limit_error',
    message: "The provider limited '{model}' on all {tried} keys tried.",
  },
  provider_refused: {
    status: 400,
    type: 'invalid_request_error',
    message: '{detail}',
  },
  upstream_error: {
    status: 502,
    type: 'api_error',
    message: "The provider of '{model}' failed ({reason}); {tried} targets tried.",
  },
  upstream_interrupted: {
    status: 502,
    type: 'api_error',
    message: 'The provider ended its answer too early.',
  },
  upstream_timeout: {
    status: 504,
    type: 'api_error',
    message: "The provider of '{model}' did not answer in time; {tried} targets tried.",
  },
  overloaded: { status: 503, type: 'api_error', message: 'Tollgate is at its limit. Try again shortly.' },
  shutting_down: { status: 503, type: 'api_error', message: 'Tollgate is restarting. Try again shortly.' },
  store_unavailable: {
    status: 503,
    type: 'api_error',
    message: 'The database cannot be written now. Try again shortly.',
  },
  internal: {
    status: 500,
    type: 'api_error',
    message: 'Something went wrong here. Quote the request id when you report it.',
  },
} as const satisfies Record<string, CatalogueRow>;

export type ErrorCode = keyof typeof CATALOGUE;
export type ErrorType = CatalogueRow['type'];
