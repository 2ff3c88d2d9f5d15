-- Fire before rows of users are added. Reject rows of deleted users; see users_lock.
CREATE OR REPLACE TRIGGER posts_users_deleted
BEFORE INSERT ON posts
FOR EACH ROW EXECUTE FUNCTION users_deleted('author_id');

CREATE OR REPLACE TRIGGER post_likes_users_deleted
BEFORE INSERT ON post_likes
FOR EACH ROW EXECUTE FUNCTION users_deleted('user_id');

CREATE OR REPLACE TRIGGER comments_users_deleted
BEFORE INSERT ON comments
FOR EACH ROW EXECUTE FUNCTION users_deleted('author_id');

CREATE OR REPLACE TRIGGER comment_likes_users_deleted
BEFORE INSERT ON comment_likes
FOR EACH ROW EXECUTE FUNCTION users_deleted('user_id');

CREATE OR REPLACE TRIGGER bookmarks_users_deleted
BEFORE INSERT ON bookmarks
FOR EACH ROW EXECUTE FUNCTION users_deleted('user_id');

CREATE OR REPLACE TRIGGER tag_follows_users_deleted
BEFORE INSERT ON tag_follows
FOR EACH ROW EXECUTE FUNCTION users_deleted('user_id')
