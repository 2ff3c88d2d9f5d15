-- Whether a token would give a new password now.
--
--   :token_hash text   -> token_hash, or none
SELECT t.token_hash
FROM mail_tokens AS t
INNER JOIN users AS u ON t.user_id = u.id AND t.email = u.email
WHERE
    t.token_hash = :token_hash
    AND t.kind = 'reset'
    AND t.used_at IS NULL
    AND t.expires_at > now()
    AND u.banned_at IS NULL
