-- Everything that a deleted user posted, said and liked goes.
--
--   :user_id uuid   -> user_id
WITH
liked AS (
    DELETE FROM post_likes
    WHERE user_id = :user_id
),
said AS (
    DELETE FROM comments
    WHERE author_id = :user_id
)
SELECT :user_id AS user_id
