-- Changes those fields of a profile whose :set_... is true; a null then clears.
--
-- Another address is not verified yet, even one that differs in case only.
--
--   :user_id uuid  :set_email bool  :email text  :set_username bool  :username text
--   :set_display_name bool  :display_name text  :set_bio bool  :bio text
--   :set_avatar_url bool  :avatar_url text   -> user row, or none
UPDATE users
SET
    email = CASE WHEN :set_email THEN :email ELSE email END,
    email_verified_at = CASE WHEN :set_email AND email <> :email THEN NULL ELSE email_verified_at END,
    username = CASE WHEN :set_username THEN :username ELSE username END,
    display_name = CASE WHEN :set_display_name THEN :display_name ELSE display_name END,
    bio = CASE WHEN :set_bio THEN :bio ELSE bio END,
    avatar_url = CASE WHEN :set_avatar_url THEN :avatar_url ELSE avatar_url END
WHERE id = :user_id
RETURNING id, email, username, display_name, bio, avatar_url, verified, created_at
