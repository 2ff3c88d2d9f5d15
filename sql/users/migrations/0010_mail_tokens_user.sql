-- Finds the tokens of one user, to count and to end them.
CREATE INDEX mail_tokens_user ON mail_tokens (user_id, kind)
