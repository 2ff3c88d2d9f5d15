-- The number that was written last.
--
--   -> written
SELECT written
FROM health_checks
