-- name: audit
-- Counts notifications with a delivered count above their count.
--
--   -> mismatch_count
SELECT count(*) AS mismatch_count
FROM notifications
WHERE told_count > count
