-- Lists the events that a user sees whatever their visibility: the user is a host, was invited, has responded, has
-- asked to go or waits.
--
-- An event may be listed several times. Blocks between users are checked elsewhere. Takes no locks. Without
-- ORDER BY, LIMIT and writes, so that the planner inlines it.
CREATE OR REPLACE FUNCTION events_seen_by(viewer UUID) RETURNS TABLE (event_id UUID) AS $$
    SELECT id FROM events WHERE creator_id = viewer
    UNION ALL
    SELECT event_id FROM event_rsvps WHERE user_id = viewer
    UNION ALL
    SELECT event_id FROM event_invites WHERE user_id = viewer
    UNION ALL
    SELECT event_id FROM event_waitlist WHERE user_id = viewer
    UNION ALL
    SELECT event_id FROM rsvp_requests WHERE user_id = viewer
    UNION ALL
    SELECT event_id FROM event_hosts WHERE user_id = viewer
$$ LANGUAGE sql STABLE
