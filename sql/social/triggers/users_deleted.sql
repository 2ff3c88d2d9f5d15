-- Fire before rows of users are added. Reject rows of deleted users, or leave them out; see users_lock. follows_blocked
-- does so for follows and blocks.
CREATE OR REPLACE TRIGGER mutes_users_deleted
BEFORE INSERT ON mutes
FOR EACH ROW EXECUTE FUNCTION users_deleted('muter_id', 'muted_id');

CREATE OR REPLACE TRIGGER dismissals_users_deleted
BEFORE INSERT ON suggestion_dismissals
FOR EACH ROW EXECUTE FUNCTION users_deleted('user_id', 'dismissed_id');

CREATE OR REPLACE TRIGGER conversation_requests_users_deleted
BEFORE INSERT ON conversation_requests
FOR EACH ROW EXECUTE FUNCTION users_deleted_skipped('recipient_id', 'actor_id', 'owner_id');

CREATE OR REPLACE TRIGGER private_accounts_users_deleted
BEFORE INSERT ON private_accounts
FOR EACH ROW EXECUTE FUNCTION users_deleted_skipped('user_id')
