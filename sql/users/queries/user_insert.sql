-- A new user; users_email_key and users_username_key (or their lower forms) stop a second one.
--
--   :email text  :username text  :password_hash text  :display_name text   -> user row
INSERT INTO users (email, username, password_hash, display_name)
VALUES (:email, :username, :password_hash, :display_name)
RETURNING id, email, username, display_name, bio, avatar_url, verified, created_at
