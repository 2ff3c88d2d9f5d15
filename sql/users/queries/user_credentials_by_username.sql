-- What a login by username is checked against, without regard to case. Who is banned has no credentials.
--
--   :username text   -> user row with password_hash, or none
SELECT id, email, username, display_name, bio, avatar_url, verified, created_at, password_hash
FROM users
WHERE lower(username) = lower(:username) AND banned_at IS NULL
