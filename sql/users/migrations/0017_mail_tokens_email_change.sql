-- A third kind of token: the link sent to the old address when an e-mail address changes.
--
-- Its `email` is the old address, which the link restores.
ALTER TABLE mail_tokens
DROP CONSTRAINT mail_tokens_kind_check,
ADD CONSTRAINT mail_tokens_kind_check CHECK (kind IN ('reset', 'verification', 'email_change'))
