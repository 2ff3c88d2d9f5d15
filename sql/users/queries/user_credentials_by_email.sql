-- What a login by e-mail is checked against, without regard to case. Who is banned has no credentials.
--
--   :email text   -> user row with password_hash, or none
SELECT id, email, username, display_name, bio, avatar_url, verified, created_at, password_hash
FROM users
WHERE lower(email) = lower(:email) AND banned_at IS NULL
