-- The devices of the users know them, up to those counts.
--
-- Locks in the order of notification_take, so that the two never wait for each other.
--
--   :ids uuid[]  :counts int[]   -> id
WITH locked AS (
    SELECT id
    FROM notifications
    WHERE id = ANY(:ids)
    ORDER BY recipient_id, group_key, id
    FOR NO KEY UPDATE
)
UPDATE notifications AS n
SET told_count = greatest(n.told_count, t.count)
FROM locked AS l
INNER JOIN unnest(:ids, :counts) AS t (id, count) ON l.id = t.id
WHERE n.id = l.id
RETURNING n.id
