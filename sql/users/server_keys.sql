-- name: server_key_insert
-- Stores a key, unless there is one with that name.
--
--   :name text  :value bytea
INSERT INTO server_keys (name, value)
VALUES (:name, :value)
ON CONFLICT (name) DO NOTHING

-- name: server_key_by_name
-- Returns a key.
--
--   :name text   -> value, or none
SELECT value
FROM server_keys
WHERE name = :name
