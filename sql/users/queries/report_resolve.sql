-- A moderator has dealt with an open report.
--
--   :report_id uuid  :resolution text   -> id, or none
UPDATE reports
SET resolved_at = now(), resolution = :resolution
WHERE id = :report_id AND resolved_at IS NULL
RETURNING id
