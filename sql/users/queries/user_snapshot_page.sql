-- What others keep copies of, in the order of ids.
--
--   :after uuid  :limit int   -> copy rows
SELECT id, username, display_name, avatar_url, verified, version, FALSE AS deleted
FROM users
WHERE id > :after
ORDER BY id
LIMIT :limit
