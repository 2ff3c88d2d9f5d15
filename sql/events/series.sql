-- name: series_insert
-- Creates a series.
--
--   :creator_id uuid  :rrule text  :timezone text  :start_local timestamp   -> id
INSERT INTO event_series (creator_id, rrule, timezone, start_local)
VALUES (:creator_id, :rrule, :timezone, :start_local)
RETURNING id

-- name: series_get
-- Returns a series.
--
--   :id uuid   -> id, creator_id, rrule, timezone, start_local, revision, updated_at, or none
SELECT id, creator_id, rrule, timezone, start_local, revision, updated_at
FROM event_series
WHERE id = :id

-- name: series_update
-- Changes the rule of a series that still has the revision.
--
--   :id uuid  :revision int  :rrule text  :timezone text  :start_local timestamp   -> id, or none
UPDATE event_series
SET
    rrule = :rrule,
    timezone = :timezone,
    start_local = :start_local,
    revision = revision + 1,
    updated_at = now()
WHERE id = :id AND revision = :revision
RETURNING id

-- name: series_event_list
-- Lists the events of a series in the order of the rule.
--
--   :id uuid
--   -> id, occurrence_local, start_datetime, end_datetime, timezone, revision, updated_at, is_closed
SELECT
    id,
    occurrence_local,
    start_datetime,
    end_datetime,
    timezone,
    revision,
    updated_at,
    end_datetime <= now() OR hidden_at IS NOT NULL AS is_closed
FROM events
WHERE series_id = :id
ORDER BY occurrence_local, id

-- name: series_event_lock
-- Locks events, in the order of their ids.
--
--   :ids uuid[]   -> id
SELECT id
FROM events
WHERE id = ANY(:ids)
ORDER BY id
FOR NO KEY UPDATE

-- name: series_event_set
-- Puts events into a series, each at a local time.
--
--   :series_id uuid  :ids uuid[]  :occurrences timestamp[]   -> id
UPDATE events
SET series_id = :series_id, occurrence_local = o.occurrence_local
FROM unnest(:ids, :occurrences) AS o (id, occurrence_local)
WHERE events.id = o.id
RETURNING events.id

-- name: series_event_delete
-- Deletes events of a creator.
--
--   :ids uuid[]  :creator_id uuid   -> id
DELETE FROM events
WHERE id = ANY(:ids) AND creator_id = :creator_id
RETURNING id
