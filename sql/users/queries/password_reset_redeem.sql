-- A token gives a new password; all pending ones of its user are used up, all sessions end.
--
-- Only after password_reset_owner_lock, or a token works twice and a login with the old password may slip through.
--
--   :token_hash text  :password_hash text   -> user_id, session_ids; or none where the token is not good
WITH good AS (
    SELECT t.user_id
    FROM mail_tokens AS t
    INNER JOIN users AS u ON t.user_id = u.id AND t.email = u.email
    WHERE
        t.token_hash = :token_hash
        AND t.kind = 'reset'
        AND t.used_at IS NULL
        AND t.expires_at > now()
        AND u.banned_at IS NULL
),
used AS (
    UPDATE mail_tokens
    SET used_at = now()
    WHERE user_id IN (SELECT good.user_id FROM good) AND kind = 'reset' AND used_at IS NULL
),
changed AS (
    UPDATE users
    SET password_hash = :password_hash
    WHERE id IN (SELECT good.user_id FROM good)
    RETURNING id
),
ended AS (
    DELETE FROM user_sessions
    WHERE user_id IN (SELECT good.user_id FROM good)
    RETURNING id
)
SELECT changed.id AS user_id, ARRAY(SELECT ended.id FROM ended) AS session_ids
FROM changed
