-- name: event_insert
-- Creates an event.
--
--   :creator_id uuid  :title text  :description text  :category text  :start timestamptz  :end timestamptz
--   :capacity int  :search_words text  :timezone text  :place_name text  :place_address text  :latitude float
--   :longitude float  :url text  :visibility text   -> id
INSERT INTO events (
    creator_id, title, description, category, start_datetime, end_datetime, capacity, search_words,
    timezone, place_name, place_address, latitude, longitude, url, visibility
)
VALUES (
    :creator_id, :title, :description, :category, :start, :end, :capacity, CAST(:search_words AS TSVECTOR),
    :timezone, :place_name, :place_address, :latitude, :longitude, :url, :visibility
)
RETURNING id

-- name: event_list_by_ids
-- Returns those of the events that a viewer may see, unordered, with the viewer's RSVP and waitlist position. Without
-- hidden events.
--
-- All events with :all_visible.
--
--   :ids uuid[]  :viewer_id uuid  :all_visible bool   -> event rows
SELECT
    e.*,
    (SELECT r.status FROM event_rsvps AS r WHERE r.event_id = e.id AND r.user_id = :viewer_id) AS my_rsvp,
    (
        SELECT count(*)
        FROM event_waitlist AS w
        INNER JOIN event_waitlist AS o ON w.event_id = o.event_id AND o.number <= w.number
        WHERE w.event_id = e.id AND w.user_id = :viewer_id
    ) AS my_place
FROM event_rows AS e
INNER JOIN events AS v ON e.id = v.id AND v.hidden_at IS NULL
WHERE
    e.id = ANY(:ids)
    AND (
        :all_visible
        OR e.id IN (SELECT s.id FROM events_visible_to(:viewer_id, '{}') AS s WHERE s.id = ANY(:ids))
    )

-- name: event_creator
-- Returns the creator of an event.
--
--   :id uuid   -> creator_id, or none
SELECT creator_id
FROM events
WHERE id = :id

-- name: event_access
-- Returns the visibility of an event, and whether a viewer may see it: not if it is hidden.
--
--   :id uuid  :viewer_id uuid   -> visibility, visible, or none
SELECT
    visibility,
    EXISTS (SELECT FROM events_visible_to(:viewer_id, '{}') AS v WHERE v.id = :id) AS visible
FROM events
WHERE id = :id

-- name: event_invisible_filter
-- Returns those of the users who do not see the existing event that they are given with. The creator of a hidden event
-- sees it.
--
--   :event_ids uuid[]  :user_ids uuid[]   -> event_id, user_id
SELECT g.event_id, g.user_id
FROM unnest(:event_ids, :user_ids) AS g (event_id, user_id)
INNER JOIN events AS e ON g.event_id = e.id
WHERE
    (e.hidden_at IS NULL OR e.creator_id <> g.user_id)
    AND (
        event_is_hidden(e.id, g.user_id)
        OR NOT EXISTS (SELECT FROM events_visible_to(g.user_id, '{}') AS v WHERE v.id = e.id)
    )

-- name: event_revision_list
-- Returns how often events were changed, and when last.
--
--   :ids uuid[]   -> id, revision, updated_at
SELECT id, revision, updated_at
FROM events
WHERE id = ANY(:ids)

-- name: event_actor_set
-- Sets who makes the changes of this transaction, for the domain events about them.
--
--   :actor_id text   -> actor_id
SELECT set_config('convene.actor_id', :actor_id, TRUE) AS actor_id

-- name: event_update
-- Changes the fields of an event whose :set_... is true.
--
--   :id uuid  :set_title bool  :title text  :set_description bool  :description text
--   :set_category bool  :category text  :set_start bool  :start timestamptz  :set_end bool  :end timestamptz
--   :set_capacity bool  :capacity int  :set_timezone bool  :timezone text  :set_place bool  :place_name text
--   :place_address text  :latitude float  :longitude float  :set_url bool  :url text  :set_visibility bool
--   :visibility text   -> event row, or none
UPDATE events
SET
    title = CASE WHEN :set_title THEN :title ELSE title END,
    description = CASE WHEN :set_description THEN :description ELSE description END,
    category = CASE WHEN :set_category THEN :category ELSE category END,
    start_datetime = CASE WHEN :set_start THEN :start ELSE start_datetime END,
    end_datetime = CASE WHEN :set_end THEN :end ELSE end_datetime END,
    capacity = CASE WHEN :set_capacity THEN :capacity ELSE capacity END,
    timezone = CASE WHEN :set_timezone THEN :timezone ELSE timezone END,
    place_name = CASE WHEN :set_place THEN :place_name ELSE place_name END,
    place_address = CASE WHEN :set_place THEN :place_address ELSE place_address END,
    latitude = CASE WHEN :set_place THEN :latitude ELSE latitude END,
    longitude = CASE WHEN :set_place THEN :longitude ELSE longitude END,
    url = CASE WHEN :set_url THEN :url ELSE url END,
    visibility = CASE WHEN :set_visibility THEN :visibility ELSE visibility END
WHERE id = :id
RETURNING
    id,
    title,
    description,
    capacity,
    going_count,
    start_datetime > now() AS ahead,
    start_datetime,
    end_datetime,
    timezone

-- name: event_delete
-- Deletes a creator's event with its RSVPs and invites.
--
--   :id uuid  :creator_id uuid   -> id, or none
DELETE FROM events
WHERE id = :id AND creator_id = :creator_id
RETURNING id

-- name: invite_insert
-- Invites users. A repeated invite only moves the time of the last one. An invite by a host lets a removed
-- attendee respond again.
--
--   :event_id uuid  :inviter_id uuid  :user_ids uuid[]   -> user_id
WITH restored AS (
    DELETE FROM event_removals AS r
    WHERE
        r.event_id = :event_id
        AND r.user_id = ANY(:user_ids)
        AND event_is_host(:event_id, :inviter_id)
)
INSERT INTO event_invites (event_id, user_id, inviter_id)
SELECT :event_id, user_id, :inviter_id
FROM unnest(:user_ids) AS invited (user_id)
ON CONFLICT (event_id, user_id, inviter_id) DO UPDATE SET created_at = now()
RETURNING user_id

-- name: invite_filter
-- Returns those of the invites that exist, to events that are neither cancelled nor hidden.
--
--   :event_ids uuid[]  :user_ids uuid[]  :inviter_ids uuid[]   -> event_id, user_id, inviter_id
SELECT i.event_id, i.user_id, i.inviter_id
FROM event_invites AS i
INNER JOIN unnest(:event_ids, :user_ids, :inviter_ids) AS g (event_id, user_id, inviter_id)
    ON i.event_id = g.event_id AND i.user_id = g.user_id AND i.inviter_id = g.inviter_id
INNER JOIN events AS e ON i.event_id = e.id AND e.cancelled_at IS NULL AND e.hidden_at IS NULL

-- name: user_rsvp_event_list
-- Lists events that a user has an RSVP for, waits for or asked to go to.
--
--   :user_id uuid  :limit int   -> event_id
SELECT event_id FROM event_rsvps WHERE user_id = :user_id
UNION
SELECT event_id FROM event_waitlist WHERE user_id = :user_id
UNION
SELECT event_id FROM rsvp_requests WHERE user_id = :user_id
LIMIT :limit

-- name: user_events_delete
-- Deletes some events of a deleted user.
--
--   :user_id uuid  :limit int   -> id
DELETE FROM events
WHERE id IN (SELECT id FROM events WHERE creator_id = :user_id LIMIT :limit)
RETURNING id

-- name: user_invites_delete
-- Deletes some invites by a deleted user.
--
--   :user_id uuid  :limit int   -> event_id
DELETE FROM event_invites AS i
USING (SELECT event_id, user_id FROM event_invites WHERE inviter_id = :user_id LIMIT :limit) AS c
WHERE i.event_id = c.event_id AND i.user_id = c.user_id AND i.inviter_id = :user_id
RETURNING i.event_id

-- name: user_data_delete
-- Deletes blocks of a deleted user, and events and invites that are left. RSVPs are deleted one by one before.
--
--   :user_id uuid   -> user_id
WITH
blocked AS (
    DELETE FROM user_blocks
    WHERE user_id = :user_id OR other_id = :user_id
),
removed AS (
    DELETE FROM event_removals
    WHERE user_id = :user_id
),
invited AS (
    DELETE FROM event_invites
    WHERE user_id = :user_id OR inviter_id = :user_id
),
hosted AS (
    DELETE FROM event_hosts
    WHERE user_id = :user_id
),
announced AS (
    DELETE FROM event_announcements
    WHERE author_id = :user_id
),
created AS (
    DELETE FROM events
    WHERE creator_id = :user_id
),
series AS (
    DELETE FROM event_series
    WHERE creator_id = :user_id
)
SELECT :user_id AS user_id

-- name: hidden_event_get
-- Returns a hidden event, which only its creator and moderators may see.
--
--   :id uuid  :viewer_id uuid   -> event row with hidden_at, or none
SELECT
    e.*,
    v.hidden_at,
    (SELECT r.status FROM event_rsvps AS r WHERE r.event_id = e.id AND r.user_id = :viewer_id) AS my_rsvp,
    (
        SELECT count(*)
        FROM event_waitlist AS w
        INNER JOIN event_waitlist AS o ON w.event_id = o.event_id AND o.number <= w.number
        WHERE w.event_id = e.id AND w.user_id = :viewer_id
    ) AS my_place
FROM event_rows AS e
INNER JOIN events AS v ON e.id = v.id AND v.hidden_at IS NOT NULL
WHERE e.id = :id
