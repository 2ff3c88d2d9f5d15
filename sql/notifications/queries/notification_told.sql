-- The devices of the users know them, up to those counts.
--
--   :ids uuid[]  :counts int[]   -> id
UPDATE notifications AS n
SET told_count = greatest(n.told_count, t.count)
FROM unnest(:ids, :counts) AS t (id, count)
WHERE n.id = t.id
RETURNING n.id
