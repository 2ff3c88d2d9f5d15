-- Finds expired tokens, to delete them.
CREATE INDEX mail_tokens_expiry ON mail_tokens (expires_at)
