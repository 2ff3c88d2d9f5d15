-- Fires before a profile changes. Counts up where something changed that others keep a copy of.
--
-- Locks nothing but the row. Mistake it invites: a new field of the card that is not named here.
CREATE OR REPLACE FUNCTION users_version() RETURNS TRIGGER AS $$
BEGIN
    IF (NEW.username, NEW.display_name, NEW.avatar_url, NEW.verified)
        IS DISTINCT FROM (OLD.username, OLD.display_name, OLD.avatar_url, OLD.verified)
    THEN
        NEW.version := OLD.version + 1;
    END IF;
    RETURN NEW;
END
$$ LANGUAGE plpgsql;

CREATE OR REPLACE TRIGGER users_version
BEFORE UPDATE ON users
FOR EACH ROW EXECUTE FUNCTION users_version()
