-- Gives free places to the waitlist in its order, publishes a domain event for each user and returns the users.
--
-- Each user who fits with all guests into the places that are still free gets them; users who do not fit keep their
-- position, and later ones that fit pass them. Skips deleted users, and those from whom the event is hidden by a block:
-- their entries are about to be deleted. No one is promoted if the event is cancelled or moderators have hidden it.
-- The caller has locked the event's row; users who are promoted are locked as users_lock does.
CREATE OR REPLACE FUNCTION waitlist_promote(of_event UUID, places INT) RETURNS SETOF UUID AS $$
DECLARE
    event RECORD;
    party RECORD;
    free INT := places;
BEGIN
    SELECT e.title, e.creator_id, e.cancelled_at IS NOT NULL OR e.hidden_at IS NOT NULL AS closed
    INTO event
    FROM events AS e
    WHERE e.id = of_event;
    IF event.closed OR free <= 0 THEN
        RETURN;
    END IF;
    FOR party IN
        SELECT w.user_id, w.guests
        FROM event_waitlist AS w
        WHERE w.event_id = of_event AND w.guests < places AND NOT event_is_hidden(of_event, w.user_id)
        ORDER BY w.number
    LOOP
        CONTINUE WHEN party.guests >= free OR users_include_deleted(ARRAY[party.user_id]);
        free := free - 1 - party.guests;
        DELETE FROM event_waitlist AS w WHERE w.event_id = of_event AND w.user_id = party.user_id;
        INSERT INTO event_rsvps AS r (event_id, user_id, status, guests)
        VALUES (of_event, party.user_id, 'GOING', party.guests)
        ON CONFLICT (event_id, user_id) DO UPDATE
        SET status = excluded.status, guests = excluded.guests, answered_at = now();
        INSERT INTO outbox (key, type, payload)
        VALUES (
            of_event || ':' || party.user_id,
            'rsvp.promoted',
            jsonb_build_object(
                'event_id', of_event, 'user_id', party.user_id,
                'title', event.title, 'creator_id', event.creator_id
            )
        );
        RETURN NEXT party.user_id;
        EXIT WHEN free <= 0;
    END LOOP;
END
$$ LANGUAGE plpgsql
