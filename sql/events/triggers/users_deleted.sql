-- Fire before rows of users are added. Reject rows of deleted users, or leave them out; see users_lock.
CREATE OR REPLACE TRIGGER events_users_deleted
BEFORE INSERT ON events
FOR EACH ROW EXECUTE FUNCTION users_deleted('creator_id');

CREATE OR REPLACE TRIGGER event_series_users_deleted
BEFORE INSERT ON event_series
FOR EACH ROW EXECUTE FUNCTION users_deleted('creator_id');

CREATE OR REPLACE TRIGGER event_rsvps_users_deleted
BEFORE INSERT ON event_rsvps
FOR EACH ROW EXECUTE FUNCTION users_deleted('user_id');

CREATE OR REPLACE TRIGGER event_waitlist_users_deleted
BEFORE INSERT ON event_waitlist
FOR EACH ROW EXECUTE FUNCTION users_deleted('user_id');

CREATE OR REPLACE TRIGGER rsvp_requests_users_deleted
BEFORE INSERT ON rsvp_requests
FOR EACH ROW EXECUTE FUNCTION users_deleted('user_id');

CREATE OR REPLACE TRIGGER event_invites_users_deleted
BEFORE INSERT ON event_invites
FOR EACH ROW EXECUTE FUNCTION users_deleted('user_id', 'inviter_id');

CREATE OR REPLACE TRIGGER event_hosts_users_deleted
BEFORE INSERT ON event_hosts
FOR EACH ROW EXECUTE FUNCTION users_deleted('user_id');

CREATE OR REPLACE TRIGGER event_announcements_users_deleted
BEFORE INSERT ON event_announcements
FOR EACH ROW EXECUTE FUNCTION users_deleted('author_id');

CREATE OR REPLACE TRIGGER event_removals_users_deleted
BEFORE INSERT ON event_removals
FOR EACH ROW EXECUTE FUNCTION users_deleted_skipped('user_id');

CREATE OR REPLACE TRIGGER user_blocks_users_deleted
BEFORE INSERT ON user_blocks
FOR EACH ROW EXECUTE FUNCTION users_deleted_skipped('user_id', 'other_id')
