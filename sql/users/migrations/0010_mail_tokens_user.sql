-- Finds the tokens of a user, to count and to invalidate them.
CREATE INDEX mail_tokens_user ON mail_tokens (user_id, kind)
