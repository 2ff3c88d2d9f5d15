-- name: calendar_link_set
-- Creates the link to a user's calendar, or replaces it.
--
--   :user_id uuid  :token_hash text   -> created_at, none for unknown users
INSERT INTO calendar_links AS c (user_id, token_hash)
SELECT id, :token_hash
FROM users
WHERE id = :user_id
ON CONFLICT (user_id) DO UPDATE SET
    token_hash = excluded.token_hash,
    created_at = CASE WHEN c.token_hash = excluded.token_hash THEN c.created_at ELSE now() END
RETURNING created_at

-- name: calendar_link_get
-- Returns when the link to a user's calendar was created.
--
--   :user_id uuid   -> created_at, or none
SELECT created_at
FROM calendar_links
WHERE user_id = :user_id

-- name: calendar_link_delete
-- Deletes the link to a user's calendar.
--
--   :user_id uuid   -> user_id, or none
DELETE FROM calendar_links
WHERE user_id = :user_id
RETURNING user_id

-- name: calendar_link_owner
-- Returns the user of a link, unless the user is banned or suspended.
--
--   :token_hash text   -> id, or none
SELECT u.id
FROM calendar_links AS l
INNER JOIN users AS u ON l.user_id = u.id
WHERE
    l.token_hash = :token_hash
    AND u.banned_at IS NULL
    AND coalesce(u.suspended_until, '-infinity') <= now()
