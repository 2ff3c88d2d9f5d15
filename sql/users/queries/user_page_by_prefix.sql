-- People whose username or display name begins so, by username; each half of the union is one index range.
--
-- A range by bytes, not LIKE: a prepared LIKE with a parameter cannot use the index. :until is the first
-- text above all with the prefix; :after is '' for the first page. Those found by display name are
-- collected first, or the planner walks all usernames for the sake of their order.
--
--   :prefix text  :until text  :after text  :limit int   -> user rows
WITH
named AS MATERIALIZED (
    SELECT id, username
    FROM users
    WHERE lower(display_name) ~>=~ :prefix AND lower(display_name) ~<~ :until
),
found AS (
    (
        SELECT id
        FROM users
        WHERE
            lower(username) ~>=~ :prefix
            AND lower(username) ~<~ :until
            AND lower(username) ~>~ :after
        ORDER BY lower(username) USING ~<~
        LIMIT :limit
    )
    UNION
    (
        SELECT id
        FROM named
        WHERE lower(username) ~>~ :after
        ORDER BY lower(username) USING ~<~
        LIMIT :limit
    )
)
SELECT id, email, username, display_name, bio, avatar_url, verified, created_at
FROM users
WHERE id IN (SELECT id FROM found)
ORDER BY lower(username) USING ~<~
LIMIT :limit
