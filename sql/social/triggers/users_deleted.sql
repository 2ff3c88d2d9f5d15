-- Fires before a mute or a dismissal of a suggestion. A deleted user has none; see users_require.
--
-- The arguments are the columns of the two users.
CREATE OR REPLACE FUNCTION users_deleted() RETURNS TRIGGER AS $$
BEGIN
    PERFORM users_require(ARRAY[
        (to_jsonb(NEW) ->> TG_ARGV[0])::uuid, (to_jsonb(NEW) ->> TG_ARGV[1])::uuid
    ]);
    RETURN NEW;
END
$$ LANGUAGE plpgsql;

CREATE OR REPLACE TRIGGER mutes_users_deleted
BEFORE INSERT ON mutes
FOR EACH ROW EXECUTE FUNCTION users_deleted('muter_id', 'muted_id');

CREATE OR REPLACE TRIGGER dismissals_users_deleted
BEFORE INSERT ON suggestion_dismissals
FOR EACH ROW EXECUTE FUNCTION users_deleted('user_id', 'dismissed_id')
