-- A new session, from now on for so long; what has run out of the same user's goes.
--
-- The lock waits for a ban that is under way, so that nobody who is banned ever has a session.
--
--   :user_id uuid  :token_hash text  :lifetime_s float8   -> session row; or none, for nobody and the banned
WITH gone AS (
    DELETE FROM user_sessions
    WHERE user_id = :user_id AND expires_at < now() - interval '7 days'
),
holder AS (
    SELECT id
    FROM users
    WHERE id = :user_id AND banned_at IS NULL
    FOR KEY SHARE
)
INSERT INTO user_sessions (user_id, token_hash, expires_at)
SELECT holder.id, :token_hash, now() + make_interval(secs => :lifetime_s)
FROM holder
RETURNING id, user_id, created_at, last_used_at, expires_at
