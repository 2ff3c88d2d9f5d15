-- Reminders of users who go, or wait to: minutes before the start, and the time of the next reminder.
--
-- next_at is null if none is left, and for users who do not go. A row of event_reminder_moves asks for new
-- times of the reminders of an event whose start was changed at moved_at.
CREATE TABLE event_reminders (
    event_id UUID NOT NULL REFERENCES events (id) ON DELETE CASCADE,
    user_id UUID NOT NULL,
    minutes INTEGER [] NOT NULL,
    next_at TIMESTAMPTZ,
    PRIMARY KEY (event_id, user_id)
);
CREATE INDEX event_reminders_next ON event_reminders (next_at) WHERE next_at IS NOT NULL;
CREATE TABLE event_reminder_moves (
    event_id UUID PRIMARY KEY REFERENCES events (id) ON DELETE CASCADE,
    moved_at TIMESTAMPTZ NOT NULL DEFAULT NOW(),
    last_user_id UUID NOT NULL DEFAULT '00000000-0000-0000-0000-000000000000'
);
INSERT INTO event_reminders (event_id, user_id, minutes, next_at)
SELECT
    r.event_id,
    r.user_id,
    ARRAY[1440, 60],
    (
        SELECT min(e.start_datetime - make_interval(mins => m.before))
        FROM unnest(ARRAY[1440, 60]) AS m (before)
        WHERE e.start_datetime - make_interval(mins => m.before) > now()
    )
FROM event_rsvps AS r
INNER JOIN events AS e ON r.event_id = e.id
WHERE r.status = 'GOING' AND e.start_datetime > now()
