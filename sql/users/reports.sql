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

-- name: report_get
-- Returns a report.
--
--   :id uuid   -> report row, or none
SELECT
    id, reporter_id, kind, target_id, reason, created_at, snapshot, resolved_at, resolved_by, resolution
FROM reports
WHERE id = :id

-- name: report_page
-- Lists reports, oldest first.
--
--   :after timestamptz  :after_id uuid  :limit int   -> report rows
SELECT
    id, reporter_id, kind, target_id, reason, created_at, snapshot, resolved_at, resolved_by, resolution
FROM reports
WHERE (created_at, id) > (:after, :after_id)
ORDER BY created_at, id
LIMIT :limit

-- name: report_page_open
-- Lists unresolved reports, oldest first.
--
--   :after timestamptz  :after_id uuid  :limit int   -> report rows
SELECT
    id, reporter_id, kind, target_id, reason, created_at, snapshot, resolved_at, resolved_by, resolution
FROM reports
WHERE resolved_at IS NULL AND (created_at, id) > (:after, :after_id)
ORDER BY created_at, id
LIMIT :limit

-- name: report_page_resolved
-- Lists resolved reports, oldest first.
--
--   :after timestamptz  :after_id uuid  :limit int   -> report rows
SELECT
    id, reporter_id, kind, target_id, reason, created_at, snapshot, resolved_at, resolved_by, resolution
FROM reports
WHERE resolved_at IS NOT NULL AND (created_at, id) > (:after, :after_id)
ORDER BY created_at, id
LIMIT :limit

-- name: report_resolve
-- Resolves an open report.
--
--   :report_id uuid  :resolution text  :resolved_by uuid   -> id, or none
UPDATE reports
SET resolved_at = now(), resolution = :resolution, resolved_by = :resolved_by
WHERE id = :report_id AND resolved_at IS NULL
RETURNING id
