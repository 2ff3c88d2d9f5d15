-- Fires after an action is recorded. Publishes it, to notify the user acted upon.
--
-- Takes no locks.
CREATE OR REPLACE FUNCTION moderation_actions_outbox() RETURNS TRIGGER AS $$
BEGIN
    INSERT INTO outbox (key, type, payload)
    VALUES (
        NEW.user_id,
        'moderation.acted',
        jsonb_build_object(
            'id', NEW.id,
            'type', NEW.type,
            'target_kind', NEW.target_kind,
            'user_id', NEW.user_id,
            'reason', NEW.reason
        )
    );
    RETURN NULL;
END
$$ LANGUAGE plpgsql;

CREATE OR REPLACE TRIGGER moderation_actions_outbox
AFTER INSERT ON moderation_actions
FOR EACH ROW WHEN (NEW.user_id IS NOT NULL)
EXECUTE FUNCTION moderation_actions_outbox()
