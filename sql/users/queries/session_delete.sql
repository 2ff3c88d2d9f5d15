-- Ends one session, if it is that user's.
--
--   :user_id uuid  :session_id uuid   -> id, or none
DELETE FROM user_sessions
WHERE user_id = :user_id AND id = :session_id
RETURNING id
