-- name: report_insert
-- Creates a report, unless the user has reported the target before.
--
--   :reporter_id uuid  :kind text  :target_id text  :reason text  :snapshot text   -> id, or none if it exists
INSERT INTO reports (reporter_id, kind, target_id, reason, snapshot)
VALUES (:reporter_id, :kind, :target_id, :reason, :snapshot)
ON CONFLICT ON CONSTRAINT reports_target_key DO NOTHING
RETURNING id

-- name: report_exists
-- Returns whether a user has reported a target.
--
--   :reporter_id uuid  :kind text  :target_id text   -> id, or none
SELECT id
FROM reports
WHERE reporter_id = :reporter_id AND kind = :kind AND target_id = :target_id

-- name: report_open_count
-- Counts the unresolved reports of a user, up to :count_max.
--
--   :reporter_id uuid  :count_max int   -> open_count
SELECT count(*) AS open_count
FROM (
    SELECT id
    FROM reports
    WHERE reporter_id = :reporter_id AND resolved_at IS NULL
    LIMIT :count_max
) AS counted

-- name: report_get
-- Returns a report.
--
--   :id uuid   -> report row, or none
SELECT
    id, reporter_id, kind, target_id, reason, created_at, snapshot, resolved_at, resolved_by, resolution, assigned_to
FROM reports
WHERE id = :id

-- name: report_page
-- Lists reports, oldest first.
--
--   :after timestamptz  :after_id uuid  :limit int   -> report rows
SELECT
    id, reporter_id, kind, target_id, reason, created_at, snapshot, resolved_at, resolved_by, resolution, assigned_to
FROM reports
WHERE (created_at, id) > (:after, :after_id)
ORDER BY created_at, id
LIMIT :limit

-- name: report_page_open
-- Lists unresolved reports, oldest first.
--
--   :after timestamptz  :after_id uuid  :limit int   -> report rows
SELECT
    id, reporter_id, kind, target_id, reason, created_at, snapshot, resolved_at, resolved_by, resolution, assigned_to
FROM reports
WHERE resolved_at IS NULL AND (created_at, id) > (:after, :after_id)
ORDER BY created_at, id
LIMIT :limit

-- name: report_page_resolved
-- Lists resolved reports, oldest first.
--
--   :after timestamptz  :after_id uuid  :limit int   -> report rows
SELECT
    id, reporter_id, kind, target_id, reason, created_at, snapshot, resolved_at, resolved_by, resolution, assigned_to
FROM reports
WHERE resolved_at IS NOT NULL AND (created_at, id) > (:after, :after_id)
ORDER BY created_at, id
LIMIT :limit

-- name: report_page_assigned
-- Lists the reports that are assigned to a moderator, oldest first: open, resolved or both.
--
--   :assigned_to uuid  :open bool  :resolved bool  :after timestamptz  :after_id uuid  :limit int   -> report rows
SELECT
    id, reporter_id, kind, target_id, reason, created_at, snapshot, resolved_at, resolved_by, resolution, assigned_to
FROM reports
WHERE
    assigned_to = :assigned_to
    AND CASE WHEN resolved_at IS NULL THEN :open ELSE :resolved END
    AND (created_at, id) > (:after, :after_id)
ORDER BY created_at, id
LIMIT :limit

-- name: report_page_unassigned
-- Lists unresolved reports that are assigned to no one, oldest first.
--
--   :after timestamptz  :after_id uuid  :limit int   -> report rows
SELECT
    id, reporter_id, kind, target_id, reason, created_at, snapshot, resolved_at, resolved_by, resolution, assigned_to
FROM reports
WHERE resolved_at IS NULL AND assigned_to IS NULL AND (created_at, id) > (:after, :after_id)
ORDER BY created_at, id
LIMIT :limit

-- name: report_assignee_lock
-- Locks the role of a user who is to be assigned a report.
--
--   :user_id uuid   -> username, role, or none
SELECT username, role
FROM users
WHERE id = :user_id
FOR SHARE

-- name: report_open_lock
-- Locks an open report.
--
--   :report_id uuid   -> assigned_to, or none
SELECT assigned_to
FROM reports
WHERE id = :report_id AND resolved_at IS NULL
FOR UPDATE

-- name: report_assign
-- Assigns a report.
--
--   :report_id uuid  :assigned_to uuid   -> id
UPDATE reports
SET assigned_to = :assigned_to
WHERE id = :report_id
RETURNING id

-- name: report_backlog
-- Counts open reports, up to a limit.
--
--   :limit int   -> open, unassigned, oldest_s
SELECT
    count(*) AS open,
    count(*) FILTER (WHERE assigned_to IS NULL) AS unassigned,
    coalesce(extract(EPOCH FROM now() - min(created_at)), 0)::float8 AS oldest_s
FROM (
    SELECT created_at, assigned_to
    FROM reports
    WHERE resolved_at IS NULL
    ORDER BY created_at, id
    LIMIT :limit
) AS r

-- name: report_resolve
-- Resolves an open report.
--
--   :report_id uuid  :resolution text  :resolved_by uuid   -> id, or none
UPDATE reports
SET resolved_at = now(), resolution = :resolution, resolved_by = :resolved_by
WHERE id = :report_id AND resolved_at IS NULL
RETURNING id
