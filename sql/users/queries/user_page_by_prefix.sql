-- People whose username or display name begins so, by username; each half of the union is one index range.
--
-- A range by bytes, not LIKE: a prepared LIKE with a parameter cannot use the index. :until is the first
-- text that is above all with the prefix, null when there is none; :after is '' for the first page.
--
--   :prefix text  :until text  :after text  :limit int   -> user rows
SELECT id, email, username, display_name, bio, avatar_url, verified, created_at
FROM (
    (
        SELECT *
        FROM users
        WHERE
            lower(username) ~>=~ :prefix
            AND (:until IS NULL OR lower(username) ~<~ :until)
            AND lower(username) ~>~ :after
        ORDER BY lower(username) USING ~<~
        LIMIT :limit
    )
    UNION
    (
        SELECT *
        FROM users
        WHERE
            lower(display_name) ~>=~ :prefix
            AND (:until IS NULL OR lower(display_name) ~<~ :until)
            AND lower(username) ~>~ :after
        ORDER BY lower(username) USING ~<~
        LIMIT :limit
    )
) AS found
ORDER BY lower(username) USING ~<~
LIMIT :limit
