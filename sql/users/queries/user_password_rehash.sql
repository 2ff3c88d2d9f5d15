-- Puts another hash of the same password in the place of the old one, unless that has changed.
--
--   :user_id uuid  :old_hash text  :new_hash text
UPDATE users
SET password_hash = :new_hash
WHERE id = :user_id AND password_hash = :old_hash
