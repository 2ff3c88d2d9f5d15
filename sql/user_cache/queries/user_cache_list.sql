-- The copies of those people that are here.
--
--   :ids uuid[]   -> copy rows
SELECT id, username, display_name, avatar_url, verified, version, deleted
FROM user_cache
WHERE id = ANY(:ids)
