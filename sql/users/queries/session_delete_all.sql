-- Ends all sessions of a user.
--
--   :user_id uuid   -> id
DELETE FROM user_sessions
WHERE user_id = :user_id
RETURNING id
