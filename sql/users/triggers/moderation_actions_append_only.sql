-- Fires before an action in the audit log is changed or deleted. Refuses it.
--
-- Takes no locks.
CREATE OR REPLACE FUNCTION moderation_actions_append_only() RETURNS TRIGGER AS $$
BEGIN
    RAISE EXCEPTION 'moderation_actions is append-only' USING ERRCODE = 'restrict_violation';
END
$$ LANGUAGE plpgsql;

CREATE OR REPLACE TRIGGER moderation_actions_append_only
BEFORE UPDATE OR DELETE ON moderation_actions
FOR EACH ROW EXECUTE FUNCTION moderation_actions_append_only()
