-- How many notifications each of those users has not read; absent where none.
--
--   :recipient_ids uuid[]   -> recipient_id, count
SELECT recipient_id, count(*) AS count
FROM notifications
WHERE recipient_id = ANY(:recipient_ids) AND is_read = FALSE
GROUP BY recipient_id
