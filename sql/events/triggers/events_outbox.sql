-- Fires after changes of events, RSVPs and invites. Publishes domain events.
--
-- Takes no locks. Domain events of RSVPs have no status: consumers read the current one. event.updated has the old
-- title if it changed, and the actor if the transaction has set one (convene.actor_id, see event_actor_set).
CREATE OR REPLACE FUNCTION events_outbox() RETURNS TRIGGER AS $$
DECLARE
    e events := CASE TG_OP WHEN 'DELETE' THEN OLD ELSE NEW END;
BEGIN
    IF TG_OP = 'UPDATE' AND (
        (NEW.title, NEW.description, NEW.category, NEW.start_datetime, NEW.end_datetime, NEW.capacity,
         NEW.timezone, NEW.place_name, NEW.place_address, NEW.latitude, NEW.longitude, NEW.url,
         NEW.visibility)
        IS NOT DISTINCT FROM
        (OLD.title, OLD.description, OLD.category, OLD.start_datetime, OLD.end_datetime, OLD.capacity,
         OLD.timezone, OLD.place_name, OLD.place_address, OLD.latitude, OLD.longitude, OLD.url,
         OLD.visibility)
    ) THEN
        RETURN NULL;
    END IF;
    INSERT INTO outbox (key, type, payload)
    VALUES (
        e.id,
        CASE TG_OP WHEN 'INSERT' THEN 'event.created' WHEN 'UPDATE' THEN 'event.updated' ELSE 'event.deleted' END,
        jsonb_build_object('id', e.id, 'creator_id', e.creator_id, 'title', e.title)
        || CASE
            WHEN TG_OP = 'UPDATE' AND NEW.title <> OLD.title THEN jsonb_build_object('old_title', OLD.title)
            ELSE '{}'
        END
        || CASE
            WHEN TG_OP = 'UPDATE' AND current_setting('convene.actor_id', TRUE) <> ''
                THEN jsonb_build_object('actor_id', current_setting('convene.actor_id', TRUE))
            ELSE '{}'
        END
    );
    RETURN NULL;
END
$$ LANGUAGE plpgsql;

CREATE OR REPLACE TRIGGER events_outbox
AFTER INSERT OR DELETE OR UPDATE OF
title, description, category, start_datetime, end_datetime, capacity, timezone, place_name, place_address, latitude,
longitude, url, visibility
ON events
FOR EACH ROW EXECUTE FUNCTION events_outbox();

CREATE OR REPLACE FUNCTION events_hidden_outbox() RETURNS TRIGGER AS $$
BEGIN
    INSERT INTO outbox (key, type, payload)
    VALUES (
        NEW.id,
        CASE WHEN NEW.hidden_at IS NULL THEN 'event.restored' ELSE 'event.hidden' END,
        jsonb_build_object('id', NEW.id, 'creator_id', NEW.creator_id)
    );
    RETURN NULL;
END
$$ LANGUAGE plpgsql;

CREATE OR REPLACE TRIGGER events_hidden_outbox
AFTER UPDATE OF hidden_at ON events
FOR EACH ROW
WHEN ((OLD.hidden_at IS NULL) <> (NEW.hidden_at IS NULL))
EXECUTE FUNCTION events_hidden_outbox();

CREATE OR REPLACE FUNCTION rsvps_outbox() RETURNS TRIGGER AS $$
DECLARE
    r event_rsvps := CASE TG_OP WHEN 'DELETE' THEN OLD ELSE NEW END;
BEGIN
    IF TG_OP = 'UPDATE' AND NEW.status = OLD.status THEN
        RETURN NULL;
    END IF;
    INSERT INTO outbox (key, type, payload)
    VALUES (
        r.event_id || ':' || r.user_id,
        'rsvp.changed',
        jsonb_build_object('event_id', r.event_id, 'user_id', r.user_id)
    );
    RETURN NULL;
END
$$ LANGUAGE plpgsql;

CREATE OR REPLACE TRIGGER rsvps_outbox
AFTER INSERT OR UPDATE OR DELETE ON event_rsvps
FOR EACH ROW EXECUTE FUNCTION rsvps_outbox();

CREATE OR REPLACE FUNCTION invites_outbox() RETURNS TRIGGER AS $$
BEGIN
    INSERT INTO outbox (key, type, payload)
    SELECT
        NEW.event_id || ':' || NEW.user_id,
        'event.invited',
        jsonb_build_object(
            'event_id', e.id, 'title', e.title, 'user_id', NEW.user_id, 'inviter_id', NEW.inviter_id
        )
    FROM events AS e
    WHERE e.id = NEW.event_id;
    RETURN NULL;
END
$$ LANGUAGE plpgsql;

CREATE OR REPLACE TRIGGER invites_outbox
AFTER INSERT ON event_invites
FOR EACH ROW EXECUTE FUNCTION invites_outbox();

-- A repeated invite notifies no one. Consumers read again whether the user may be a member of the conversation.
CREATE OR REPLACE FUNCTION invites_repeated_outbox() RETURNS TRIGGER AS $$
BEGIN
    INSERT INTO outbox (key, type, payload)
    VALUES (
        NEW.event_id || ':' || NEW.user_id,
        'rsvp.changed',
        jsonb_build_object('event_id', NEW.event_id, 'user_id', NEW.user_id)
    );
    RETURN NULL;
END
$$ LANGUAGE plpgsql;

CREATE OR REPLACE TRIGGER invites_repeated_outbox
AFTER UPDATE OF created_at ON event_invites
FOR EACH ROW EXECUTE FUNCTION invites_repeated_outbox()
