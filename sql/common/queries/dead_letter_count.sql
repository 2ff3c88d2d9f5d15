-- How many events could not be taken.
--
--   -> count
SELECT count(*) AS count
FROM dead_letters
