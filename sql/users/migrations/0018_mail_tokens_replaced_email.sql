-- Finds addresses that were replaced, which stay reserved for their user while the change can be undone.
CREATE INDEX mail_tokens_replaced_email ON mail_tokens (lower(email)) WHERE kind = 'email_change'
