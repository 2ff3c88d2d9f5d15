-- Copies in the order of ids, for comparing them with their owner.
--
--   :after uuid  :limit int   -> copy rows
SELECT id, username, display_name, avatar_url, verified, version, deleted
FROM user_cache
WHERE id > :after
ORDER BY id
LIMIT :limit
