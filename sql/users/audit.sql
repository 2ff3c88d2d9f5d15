-- name: audit
-- Counts reports that are assigned to users without a role.
--
--   -> mismatch_count
SELECT count(*) AS mismatch_count
FROM reports AS r
INNER JOIN users AS u ON r.assigned_to = u.id
WHERE r.resolved_at IS NULL AND u.role IS NULL

-- name: action_log_is_protected
-- Returns whether the trigger that keeps the audit log append-only is enabled.
--
--   -> is_protected
SELECT EXISTS (
    SELECT
    FROM pg_trigger
    WHERE
        tgrelid = 'moderation_actions'::regclass
        AND tgname = 'moderation_actions_append_only'
        AND tgenabled IN ('O', 'A')
) AS is_protected

-- name: content_action_latest_list
-- Returns the latest of the newest actions on each content.
--
--   :limit int   -> target_kind, target_id, type
SELECT DISTINCT ON (target_kind, target_id) target_kind, target_id, type
FROM (
    SELECT target_kind, target_id, type, created_at, id
    FROM moderation_actions
    WHERE type IN ('hide', 'restore')
    ORDER BY created_at DESC, id DESC
    LIMIT :limit
) AS newest
ORDER BY target_kind, target_id, created_at DESC, id DESC
