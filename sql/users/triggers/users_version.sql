-- Fires before a user changes. Increments the version if a field changes that users_outbox publishes.
--
-- Takes no other locks. A new published field must be added here.
CREATE OR REPLACE FUNCTION users_version() RETURNS TRIGGER AS $$
BEGIN
    IF (NEW.username, NEW.display_name, NEW.avatar_url, NEW.verified, NEW.private)
        IS DISTINCT FROM (OLD.username, OLD.display_name, OLD.avatar_url, OLD.verified, OLD.private)
    THEN
        NEW.version := OLD.version + 1;
    END IF;
    RETURN NEW;
END
$$ LANGUAGE plpgsql;

CREATE OR REPLACE TRIGGER users_version
BEFORE UPDATE ON users
FOR EACH ROW EXECUTE FUNCTION users_version()
