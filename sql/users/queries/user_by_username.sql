-- The user of that name, without regard to case.
--
--   :username text   -> user row, or none
SELECT id, email, username, display_name, bio, avatar_url, verified, created_at
FROM users
WHERE lower(username) = lower(:username)
