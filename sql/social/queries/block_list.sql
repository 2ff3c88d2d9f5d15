-- Between which pairs there is a block, for people on either side of it.
--
--   :user_ids uuid[]   -> user_id, other_id
SELECT blocker_id AS user_id, blocked_id AS other_id
FROM blocks
WHERE blocker_id = ANY(:user_ids)
UNION
SELECT blocked_id, blocker_id
FROM blocks
WHERE blocked_id = ANY(:user_ids)
