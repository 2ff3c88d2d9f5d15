-- Fires after a user is created or deleted, or a published field changes. Publishes the public fields that other
-- services need.
--
-- Takes no locks. Only public fields may be added here.
CREATE OR REPLACE FUNCTION users_outbox() RETURNS TRIGGER AS $$
BEGIN
    IF TG_OP = 'DELETE' THEN
        INSERT INTO outbox (key, type, payload)
        VALUES (OLD.id, 'user.deleted', jsonb_build_object('id', OLD.id, 'version', OLD.version + 1));
    ELSIF TG_OP = 'INSERT' OR NEW.version <> OLD.version THEN
        INSERT INTO outbox (key, type, payload)
        VALUES (
            NEW.id,
            CASE TG_OP WHEN 'INSERT' THEN 'user.created' ELSE 'user.updated' END,
            jsonb_build_object(
                'id', NEW.id,
                'username', NEW.username,
                'display_name', NEW.display_name,
                'avatar_url', NEW.avatar_url,
                'verified', NEW.verified,
                'private', NEW.private,
                'version', NEW.version
            )
        );
    END IF;
    RETURN NULL;
END
$$ LANGUAGE plpgsql;

CREATE OR REPLACE TRIGGER users_outbox
AFTER INSERT OR UPDATE OR DELETE ON users
FOR EACH ROW EXECUTE FUNCTION users_outbox()
