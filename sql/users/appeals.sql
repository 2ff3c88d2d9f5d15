-- name: appeal_insert
-- Creates the appeal of a user against an action on them or their items. A unique constraint rejects a
-- second one.
--
--   :action_id uuid  :user_id uuid  :content text   -> id, or none without such an action
INSERT INTO appeals (action_id, user_id, content)
SELECT a.id, a.user_id, :content
FROM moderation_actions AS a
WHERE
    a.id = :action_id
    AND a.user_id = :user_id
    AND a.target_kind IN ('post', 'comment', 'message', 'event', 'user')
RETURNING id

-- name: appeal_get
-- Returns an appeal.
--
--   :id uuid   -> appeal row, or none
SELECT id, action_id, user_id, content, created_at, answered_at, answered_by, accepted, answer
FROM appeals
WHERE id = :id

-- name: appeal_list_by_actions
-- Returns the appeals against some actions.
--
--   :action_ids uuid[]   -> appeal rows
SELECT id, action_id, user_id, content, created_at, answered_at, answered_by, accepted, answer
FROM appeals
WHERE action_id = ANY(:action_ids)

-- name: appeal_page
-- Lists appeals, oldest first.
--
--   :after timestamptz  :after_id uuid  :limit int   -> appeal rows
SELECT id, action_id, user_id, content, created_at, answered_at, answered_by, accepted, answer
FROM appeals
WHERE (created_at, id) > (:after, :after_id)
ORDER BY created_at, id
LIMIT :limit

-- name: appeal_page_open
-- Lists unanswered appeals, oldest first.
--
--   :after timestamptz  :after_id uuid  :limit int   -> appeal rows
SELECT id, action_id, user_id, content, created_at, answered_at, answered_by, accepted, answer
FROM appeals
WHERE answered_at IS NULL AND (created_at, id) > (:after, :after_id)
ORDER BY created_at, id
LIMIT :limit

-- name: appeal_backlog
-- Counts unanswered appeals, up to a limit.
--
--   :limit int   -> open, oldest_s
SELECT
    count(*) AS open,
    coalesce(extract(EPOCH FROM now() - min(created_at)), 0)::float8 AS oldest_s
FROM (
    SELECT created_at
    FROM appeals
    WHERE answered_at IS NULL
    ORDER BY created_at, id
    LIMIT :limit
) AS a

-- name: appeal_answer
-- Answers an open appeal of another user.
--
--   :id uuid  :accepted bool  :answer text  :answered_by uuid   -> id, user_id; or none
UPDATE appeals
SET answered_at = now(), accepted = :accepted, answer = :answer, answered_by = :answered_by
WHERE id = :id AND answered_at IS NULL AND user_id <> :answered_by
RETURNING id, user_id

-- name: suspension_latest
-- Returns the latest suspension or ban of a user.
--
--   :user_id uuid   -> id, or none
SELECT id
FROM moderation_actions
WHERE user_id = :user_id AND target_kind = 'user' AND type IN ('suspend', 'ban')
ORDER BY created_at DESC, id DESC
LIMIT 1
