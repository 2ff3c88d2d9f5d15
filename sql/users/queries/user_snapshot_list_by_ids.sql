-- What others keep copies of, for those of the ids that exist.
--
--   :ids uuid[]   -> copy rows
SELECT id, username, display_name, avatar_url, verified, version, FALSE AS deleted
FROM users
WHERE id = ANY(:ids)
