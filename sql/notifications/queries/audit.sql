-- How many notifications were told to devices as more than they are.
--
--   -> wrong
SELECT count(*) AS wrong
FROM notifications
WHERE told_count > count
