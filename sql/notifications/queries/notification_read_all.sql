-- A user has read everything up to now.
--
--   :recipient_id uuid   -> id
UPDATE notifications
SET is_read = TRUE, told_count = count
WHERE recipient_id = :recipient_id AND is_read = FALSE
RETURNING id
