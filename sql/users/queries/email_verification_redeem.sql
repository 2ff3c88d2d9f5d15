-- A token shows that its user reads what goes to the present address. Only after email_verification_owner_lock.
--
--   :token_hash text   -> user_id, or none where the token is not good
WITH used AS (
    UPDATE mail_tokens AS t
    SET used_at = now()
    FROM users AS u
    WHERE
        t.token_hash = :token_hash
        AND t.kind = 'verification'
        AND t.used_at IS NULL
        AND t.expires_at > now()
        AND u.id = t.user_id
        AND u.email = t.email
        AND u.banned_at IS NULL
    RETURNING t.user_id
)
UPDATE users
SET email_verified_at = now()
WHERE id IN (SELECT used.user_id FROM used)
RETURNING id AS user_id
