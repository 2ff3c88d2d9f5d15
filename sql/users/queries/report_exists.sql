-- Whether somebody has reported that before.
--
--   :reporter_id uuid  :kind text  :target_id text   -> id, or none
SELECT id
FROM reports
WHERE reporter_id = :reporter_id AND kind = :kind AND target_id = :target_id
