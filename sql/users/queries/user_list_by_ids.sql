-- Those of the ids that exist, in no order.
--
--   :user_ids uuid[]   -> user rows
SELECT id, email, username, display_name, bio, avatar_url, verified, created_at
FROM users
WHERE id = ANY(:user_ids)
