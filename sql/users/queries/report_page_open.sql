-- Reports that nobody has resolved, the oldest first.
--
--   :after timestamptz  :after_id uuid  :limit int   -> report rows
SELECT id, reporter_id, kind, target_id, reason, created_at
FROM reports
WHERE
    resolved_at IS NULL
    AND (created_at, id) > (:after, :after_id)
ORDER BY created_at, id
LIMIT :limit
