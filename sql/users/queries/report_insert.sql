-- Somebody tells the moderators of something; told again it changes nothing.
--
--   :reporter_id uuid  :kind text  :target_id text  :reason text   -> id, or none when it was told before
INSERT INTO reports (reporter_id, kind, target_id, reason)
VALUES (:reporter_id, :kind, :target_id, :reason)
ON CONFLICT ON CONSTRAINT reports_target_key DO NOTHING
RETURNING id
