-- What a known user's password is checked against. Who is banned has no credentials.
--
--   :user_id uuid   -> user row with password_hash, or none
SELECT id, email, username, display_name, bio, avatar_url, verified, created_at, password_hash
FROM users
WHERE id = :user_id AND banned_at IS NULL
