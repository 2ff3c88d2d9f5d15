-- Locks whom a verification was sent to, against a change of address and against a second use.
--
-- Whether the token is still good must be asked after it: what is read while waiting may be old.
--
--   :token_hash text   -> id, or none
SELECT u.id
FROM mail_tokens AS t
INNER JOIN users AS u ON t.user_id = u.id
WHERE t.token_hash = :token_hash AND t.kind = 'verification'
FOR NO KEY UPDATE OF u
