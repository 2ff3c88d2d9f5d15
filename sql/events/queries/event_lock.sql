-- Locks an event for an answer: whoever comes second sees what the first has done. First in every
-- transaction about answers.
--
--   :id uuid   -> capacity, going_count, ahead, past, or none
SELECT
    capacity,
    going_count,
    start_datetime > now() AS ahead,
    end_datetime <= now() AS past
FROM events
WHERE id = :id
FOR NO KEY UPDATE
