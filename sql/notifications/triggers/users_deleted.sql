-- Fire before rows of users are added. A deleted user gets none, and none names a deleted sender; see users_lock.
-- A notification needs a source, so it is not stored either.
CREATE OR REPLACE TRIGGER notification_sources_users_deleted
BEFORE INSERT ON notification_sources
FOR EACH ROW EXECUTE FUNCTION users_deleted_skipped('recipient_id', 'sender_id');

CREATE OR REPLACE TRIGGER notification_preferences_users_deleted
BEFORE INSERT ON notification_preferences
FOR EACH ROW EXECUTE FUNCTION users_deleted_skipped('user_id');

CREATE OR REPLACE TRIGGER visibility_checks_users_deleted
BEFORE INSERT ON visibility_checks
FOR EACH ROW EXECUTE FUNCTION users_deleted_skipped('user_id')
