-- Follows and blocks of a deleted user go; counts of others follow by trigger.
--
--   :user_id uuid   -> user_id
WITH
followed AS (
    DELETE FROM follows
    WHERE follower_id = :user_id OR following_id = :user_id
),
blocked AS (
    DELETE FROM blocks
    WHERE blocker_id = :user_id OR blocked_id = :user_id
)
SELECT :user_id AS user_id
