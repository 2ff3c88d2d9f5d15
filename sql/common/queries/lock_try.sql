-- Takes a lock that goes with the connection, if nobody has it.
--
--   :name text   -> held
SELECT pg_try_advisory_lock(hashtextextended(:name, 0)) AS held
