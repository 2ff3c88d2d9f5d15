-- name: request_add
-- Creates requests; see the function.
--
--   :recipients uuid[]  :unseen uuid[]  :conversation_id text  :actor_id uuid  :event_id uuid
--   :owner_id uuid  :name text  :recipient_max int  :actor_max int  :lifetime_s float8   -> request rows
SELECT recipient_id, conversation_id, actor_id, event_id, name, created_at
FROM
    conversation_requests_add(
        :recipients, :unseen, :conversation_id, :actor_id, :event_id, :owner_id, :name,
        :recipient_max, :actor_max, :lifetime_s
    )

-- name: request_page
-- Lists the open requests to a user, the latest first. A request does not cross a block.
--
--   :recipient_id uuid  :before timestamptz  :before_id text  :limit int   -> request rows
SELECT q.recipient_id, q.conversation_id, q.actor_id, q.event_id, q.name, q.created_at
FROM conversation_requests AS q
WHERE
    q.recipient_id = :recipient_id
    AND q.state = 'open'
    AND q.expires_at > now()
    AND (q.created_at, q.conversation_id) < (:before, :before_id)
    AND NOT EXISTS (
        SELECT FROM blocks AS b
        WHERE
            (b.blocker_id = q.recipient_id AND b.blocked_id IN (q.actor_id, q.owner_id))
            OR (b.blocked_id = q.recipient_id AND b.blocker_id IN (q.actor_id, q.owner_id))
    )
ORDER BY q.created_at DESC, q.conversation_id DESC
LIMIT :limit

-- name: request_get
-- Returns an open request.
--
--   :recipient_id uuid  :conversation_id text   -> request row, or none
SELECT q.recipient_id, q.conversation_id, q.actor_id, q.event_id, q.name, q.created_at
FROM conversation_requests AS q
WHERE
    q.recipient_id = :recipient_id
    AND q.conversation_id = :conversation_id
    AND q.state = 'open'
    AND q.expires_at > now()
    AND NOT EXISTS (
        SELECT FROM blocks AS b
        WHERE
            (b.blocker_id = q.recipient_id AND b.blocked_id IN (q.actor_id, q.owner_id))
            OR (b.blocked_id = q.recipient_id AND b.blocker_id IN (q.actor_id, q.owner_id))
    )

-- name: request_decline
-- Declines an open request. The row stays until it expires.
--
--   :recipient_id uuid  :conversation_id text   -> conversation_id, or none
UPDATE conversation_requests
SET state = 'declined'
WHERE
    recipient_id = :recipient_id
    AND conversation_id = :conversation_id
    AND state = 'open'
    AND expires_at > now()
RETURNING conversation_id

-- name: request_delete
-- Deletes requests of users for a conversation in any state, because they are members or can not be.
-- Returns those that were open.
--
--   :recipient_ids uuid[]  :conversation_id text   -> recipient_id
WITH deleted AS (
    DELETE FROM conversation_requests
    WHERE recipient_id = ANY(:recipient_ids) AND conversation_id = :conversation_id
    RETURNING recipient_id, state
)
SELECT recipient_id
FROM deleted
WHERE state = 'open'

-- name: request_delete_between
-- Deletes all requests between two users, and invites of others to an event of one of them. Returns those that were open.
--
--   :user_id uuid  :other_id uuid   -> recipient_id, conversation_id
WITH deleted AS (
    DELETE FROM conversation_requests
    WHERE
        (recipient_id = :user_id AND :other_id IN (actor_id, owner_id))
        OR (recipient_id = :other_id AND :user_id IN (actor_id, owner_id))
    RETURNING recipient_id, conversation_id, state
)
SELECT recipient_id, conversation_id
FROM deleted
WHERE state = 'open'
