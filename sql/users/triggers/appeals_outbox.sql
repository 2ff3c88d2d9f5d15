-- Fires after an appeal is answered. Publishes it, to notify its author.
--
-- Takes no locks.
CREATE OR REPLACE FUNCTION appeals_outbox() RETURNS TRIGGER AS $$
BEGIN
    INSERT INTO outbox (key, type, payload)
    VALUES (
        NEW.user_id,
        'appeal.answered',
        jsonb_build_object('action_id', NEW.action_id, 'user_id', NEW.user_id, 'accepted', NEW.accepted)
    );
    RETURN NULL;
END
$$ LANGUAGE plpgsql;

CREATE OR REPLACE TRIGGER appeals_outbox
AFTER UPDATE OF answered_at ON appeals
FOR EACH ROW WHEN (OLD.answered_at IS NULL AND NEW.answered_at IS NOT NULL)
EXECUTE FUNCTION appeals_outbox()
