-- A token that gives a new password, unless as many were made within its time.
--
-- Only after password_reset_lock, or two at once count each other out.
--
--   :user_id uuid  :token_hash text  :lifetime_s float8  :most int   -> user row, or none
WITH gone AS (
    DELETE FROM mail_tokens
    WHERE user_id = :user_id AND kind = 'reset' AND expires_at <= now()
),
made AS (
    INSERT INTO mail_tokens (token_hash, kind, user_id, email, expires_at)
    SELECT :token_hash, 'reset', u.id, u.email, now() + make_interval(secs => :lifetime_s)
    FROM users AS u
    WHERE
        u.id = :user_id
        AND (
            SELECT count(*)
            FROM mail_tokens AS t
            WHERE t.user_id = :user_id AND t.kind = 'reset' AND t.expires_at > now()
        ) < :most
    RETURNING user_id
)
SELECT u.id, u.email, u.username, u.display_name, u.bio, u.avatar_url, u.verified, u.created_at
FROM users AS u
INNER JOIN made ON u.id = made.user_id
