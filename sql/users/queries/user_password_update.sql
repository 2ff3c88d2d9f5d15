-- Sets the hash of a new password. Only after user_lock, or a login with the old one may slip through.
--
--   :user_id uuid  :password_hash text
UPDATE users
SET password_hash = :password_hash
WHERE id = :user_id
