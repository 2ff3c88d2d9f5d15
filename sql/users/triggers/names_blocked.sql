-- Fires after a user or a registration is created, and after a user's name or address changes. Rejects those that
-- admins have blocked. An address that the user had, and whose change can still be undone, is not rejected: its owner
-- takes back the account.
--
-- Takes no locks: a name that is blocked while it is registered may pass.
CREATE OR REPLACE FUNCTION names_blocked() RETURNS TRIGGER AS $$
DECLARE
    labels TEXT[] := string_to_array(lower(split_part(NEW.email, '@', 2)), '.');
BEGIN
    IF (TG_OP = 'INSERT' OR NEW.username <> OLD.username)
        AND EXISTS (SELECT FROM name_blocks WHERE kind = 'username' AND value = lower(NEW.username))
    THEN
        RAISE unique_violation USING CONSTRAINT = 'name_blocks_username';
    END IF;
    IF (TG_OP = 'INSERT' OR NEW.email <> OLD.email)
        AND EXISTS (
            SELECT
            FROM generate_series(1, cardinality(labels)) AS first (label)
            INNER JOIN name_blocks AS b
                ON b.kind = 'email_domain' AND b.value = array_to_string(labels[first.label :], '.')
        )
        AND NOT EXISTS (
            SELECT
            FROM mail_tokens AS t
            WHERE
                t.user_id = NEW.id
                AND t.kind = 'email_change'
                AND lower(t.email) = lower(NEW.email)
                AND t.expires_at > now()
        )
    THEN
        RAISE unique_violation USING CONSTRAINT = 'name_blocks_email_domain';
    END IF;
    RETURN NULL;
END
$$ LANGUAGE plpgsql;

CREATE OR REPLACE TRIGGER users_names_blocked
AFTER INSERT OR UPDATE OF username, email ON users
FOR EACH ROW EXECUTE FUNCTION names_blocked();

CREATE OR REPLACE TRIGGER registrations_names_blocked
AFTER INSERT ON registrations
FOR EACH ROW EXECUTE FUNCTION names_blocked()
