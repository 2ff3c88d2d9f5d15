-- name: user_page_nearby
-- Lists those users that match words among the next :scanned usernames, ordered by username, without the excluded users.
--
-- Finds a page of a common word at once, at a bounded cost. :after is '' for the first page.
--
--   :words text  :after text  :excluded_user_ids uuid[]  :scanned int  :limit int   -> user rows
SELECT id, email, username, display_name, bio, avatar_url, verified, private, created_at, role, silenced_until
FROM (
    SELECT *
    FROM users
    WHERE lower(username) ~>~ :after
    ORDER BY lower(username) USING ~<~
    LIMIT :scanned
) AS nearby
WHERE search_words @@ CAST(:words AS TSQUERY) AND id <> ALL(:excluded_user_ids)
ORDER BY lower(username) USING ~<~
LIMIT :limit

-- name: user_page_by_words
-- Lists users that match words, ordered by username, without the excluded users. For words that match few users: it
-- reads all of them.
--
-- :indexed_words are those of :words that the index is asked for. The matches are materialized first;
-- otherwise the planner may scan all usernames to get their order.
--
--   :words text  :indexed_words text  :after text  :excluded_user_ids uuid[]  :limit int   -> user rows
WITH found AS MATERIALIZED (
    SELECT id
    FROM users
    WHERE
        search_words @@ CAST(:indexed_words AS TSQUERY)
        AND (search_words @@ CAST(:words AS TSQUERY)) IS TRUE
        AND lower(username) ~>~ :after
        AND id <> ALL(:excluded_user_ids)
)
SELECT
    u.id, u.email, u.username, u.display_name, u.bio, u.avatar_url, u.verified, u.private, u.created_at, u.role,
    u.silenced_until
FROM found
INNER JOIN users AS u ON found.id = u.id
ORDER BY lower(u.username) USING ~<~
LIMIT :limit

-- name: search_words_missing
-- Locks users without search words, by id, and skips those that another instance has locked.
--
--   :after uuid  :limit int   -> id, first_text, second_text
SELECT id, username AS first_text, display_name AS second_text
FROM users
WHERE search_words IS NULL AND id > :after
ORDER BY id
LIMIT :limit
FOR NO KEY UPDATE SKIP LOCKED

-- name: search_words_set
-- Sets the search words of users whose rows are locked.
--
--   :ids uuid[]  :search_words text[]
UPDATE users
SET search_words = CAST(w.search_words AS TSVECTOR)
FROM unnest(:ids, :search_words) AS w (id, search_words)
WHERE users.id = w.id
