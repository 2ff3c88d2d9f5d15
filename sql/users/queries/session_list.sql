-- A user's unexpired sessions, the latest used first.
--
--   :user_id uuid  :limit int   -> session rows
SELECT id, user_id, created_at, last_used_at, expires_at
FROM user_sessions
WHERE user_id = :user_id AND expires_at > now()
ORDER BY last_used_at DESC, id DESC
LIMIT :limit
