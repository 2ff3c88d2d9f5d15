-- Whether a user may see an event of visibility 'invited': its creator, and users who were invited, answered or wait.
--
-- Blocks between users are checked elsewhere. Takes no locks.
CREATE OR REPLACE FUNCTION event_is_visible(of_event UUID, of_creator UUID, viewer UUID) RETURNS BOOLEAN AS $$
    SELECT
        viewer = of_creator
        OR EXISTS (SELECT FROM event_rsvps AS r WHERE r.event_id = of_event AND r.user_id = viewer)
        OR EXISTS (SELECT FROM event_invites AS i WHERE i.event_id = of_event AND i.user_id = viewer)
        OR EXISTS (SELECT FROM event_waitlist AS w WHERE w.event_id = of_event AND w.user_id = viewer)
$$ LANGUAGE sql STABLE
