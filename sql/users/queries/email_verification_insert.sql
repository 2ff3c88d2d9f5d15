-- A token that verifies a user's present address. Only after email_verification_lock.
--
-- None is made where the address is verified, where one for it is still pending, or where as many as that
-- were made within their time.
--
--   :user_id uuid  :token_hash text  :lifetime_s float8  :most int   -> user row, or none
WITH gone AS (
    DELETE FROM mail_tokens
    WHERE user_id = :user_id AND kind = 'verification' AND expires_at <= now()
),
made AS (
    INSERT INTO mail_tokens (token_hash, kind, user_id, email, expires_at)
    SELECT :token_hash, 'verification', u.id, u.email, now() + make_interval(secs => :lifetime_s)
    FROM users AS u
    WHERE
        u.id = :user_id
        AND u.email_verified_at IS NULL
        AND NOT EXISTS (
            SELECT 1
            FROM mail_tokens AS t
            WHERE
                t.user_id = :user_id
                AND t.kind = 'verification'
                AND t.email = u.email
                AND t.used_at IS NULL
                AND t.expires_at > now()
        )
        AND (
            SELECT count(*)
            FROM mail_tokens AS t
            WHERE t.user_id = :user_id AND t.kind = 'verification' AND t.expires_at > now()
        ) < :most
    RETURNING user_id
)
SELECT u.id, u.email, u.username, u.display_name, u.bio, u.avatar_url, u.verified, u.created_at
FROM users AS u
INNER JOIN made ON u.id = made.user_id
