-- name: visibility_check_upsert
-- Adds users to check. Checks that are not finished start again.
--
--   :kinds text[]  :user_ids uuid[]   -> user_id
INSERT INTO visibility_checks AS c (kind, user_id)
SELECT DISTINCT g.kind, g.user_id
FROM unnest(:kinds, :user_ids) AS g (kind, user_id)
ORDER BY g.kind, g.user_id
ON CONFLICT (kind, user_id) DO UPDATE
SET before_us = NULL, before_id = NULL, version = c.version + 1
RETURNING user_id

-- name: visibility_check_next
-- Returns the user whose check has waited longest for its next step. Kinds of later versions are left to
-- their instances.
--
--   :kinds text[]   -> kind, user_id, before_us, before_id, version; or none
SELECT kind, user_id, before_us, before_id, version
FROM visibility_checks
WHERE kind = ANY(:kinds)
ORDER BY updated_at, kind, user_id
LIMIT 1

-- name: visibility_check_advance
-- Stores how far a check is, unless it was started again.
--
--   :kind text  :user_id uuid  :version int  :before_us bigint  :before_id uuid   -> user_id, or none
UPDATE visibility_checks
SET before_us = :before_us, before_id = :before_id, updated_at = clock_timestamp()
WHERE kind = :kind AND user_id = :user_id AND version = :version
RETURNING user_id

-- name: visibility_check_finish
-- Removes a user whose check is finished, unless it was started again.
--
--   :kind text  :user_id uuid  :version int   -> user_id, or none
DELETE FROM visibility_checks
WHERE kind = :kind AND user_id = :user_id AND version = :version
RETURNING user_id
