-- A new session, from now on for so long; what has run out of the same user's goes.
--
--   :user_id uuid  :token_hash text  :lifetime_s float8   -> session row
WITH gone AS (
    DELETE FROM user_sessions
    WHERE user_id = :user_id AND expires_at < now() - interval '7 days'
)
INSERT INTO user_sessions (user_id, token_hash, expires_at)
VALUES (:user_id, :token_hash, now() + make_interval(secs => :lifetime_s))
RETURNING id, user_id, created_at, last_used_at, expires_at
