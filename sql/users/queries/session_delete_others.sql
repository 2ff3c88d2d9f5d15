-- Ends all sessions of a user but one.
--
--   :user_id uuid  :keep_session uuid   -> ids
DELETE FROM user_sessions
WHERE user_id = :user_id AND id IS DISTINCT FROM :keep_session
RETURNING id
