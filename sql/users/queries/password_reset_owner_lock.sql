-- Locks whom a reset was sent to, against new sessions and against other uses of that user's resets.
--
-- Whether the token is still good must be asked after it: what is read while waiting may be old.
--
--   :token_hash text   -> id, or none
SELECT u.id
FROM mail_tokens AS t
INNER JOIN users AS u ON t.user_id = u.id
WHERE t.token_hash = :token_hash AND t.kind = 'reset'
FOR UPDATE OF u
