-- An event was taken after all, or given up.
--
--   :id bigint
DELETE FROM dead_letters
WHERE id = :id
