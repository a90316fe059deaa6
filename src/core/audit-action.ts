// The acts the audit log knows, by name. A new act gets its word here first.

export const AUDIT_ACTIONS = [
  'setup',
  'sign_in',
  'sign_in_failed',
  'sign_out',
  'session_end',
  'password_change',
  'user_create',
  'user_rename',
  'user_role',
  'user_disable',
  'user_enable',
  'user_reset_password',
  'user_restrict',
  'key_create',
  'key_update',
  'key_rotate',
  'key_revoke',
  'provider_create',
  'provider_update',
  'provider_delete',
  'limit_set',
  'limit_delete',
  'price_set',
  'price_delete',
  'settings_change',
  'usage_prune',
  'import',
] as const;

export type AuditAction = (typeof AUDIT_ACTIONS)[number];
