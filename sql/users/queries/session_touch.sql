-- A session was used: it lives on from now, but never past its greatest age. What has run out stays so.
--
--   :session_id uuid  :lifetime_s float8  :lifetime_max_s float8
UPDATE user_sessions
SET
    last_used_at = now(),
    expires_at = least(
        now() + make_interval(secs => :lifetime_s),
        created_at + make_interval(secs => :lifetime_max_s)
    )
WHERE id = :session_id AND expires_at > now()
