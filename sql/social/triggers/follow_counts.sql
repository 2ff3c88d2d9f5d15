-- Fires after inserts and deletes of follows, once per statement. Maintains followers_count and
-- following_count.
--
-- Locks the counts of all affected users in id order, so that two statements do not deadlock. A row-level
-- trigger would lock them in any order.
CREATE OR REPLACE FUNCTION follows_counted() RETURNS TRIGGER AS $$
BEGIN
    INSERT INTO user_social_stats AS s (user_id, followers_count, following_count)
    SELECT user_id, sum(followers), sum(following)
    FROM (
        SELECT following_id AS user_id, 1 AS followers, 0 AS following FROM changed
        UNION ALL
        SELECT follower_id, 0, 1 FROM changed
    ) AS counted
    GROUP BY user_id
    ORDER BY user_id
    ON CONFLICT (user_id) DO UPDATE
    SET
        followers_count = s.followers_count + excluded.followers_count,
        following_count = s.following_count + excluded.following_count;
    RETURN NULL;
END
$$ LANGUAGE plpgsql;

CREATE OR REPLACE FUNCTION follows_discounted() RETURNS TRIGGER AS $$
BEGIN
    PERFORM FROM user_social_stats
    WHERE user_id IN (SELECT follower_id FROM changed UNION SELECT following_id FROM changed)
    ORDER BY user_id
    FOR UPDATE;
    UPDATE user_social_stats AS s
    SET
        followers_count = s.followers_count - d.followers,
        following_count = s.following_count - d.following
    FROM (
        SELECT user_id, sum(followers) AS followers, sum(following) AS following
        FROM (
            SELECT following_id AS user_id, 1 AS followers, 0 AS following FROM changed
            UNION ALL
            SELECT follower_id, 0, 1 FROM changed
        ) AS counted
        GROUP BY user_id
    ) AS d
    WHERE s.user_id = d.user_id;
    RETURN NULL;
END
$$ LANGUAGE plpgsql;

CREATE OR REPLACE TRIGGER follows_counted
AFTER INSERT ON follows
REFERENCING NEW TABLE AS changed
FOR EACH STATEMENT EXECUTE FUNCTION follows_counted();

CREATE OR REPLACE TRIGGER follows_discounted
AFTER DELETE ON follows
REFERENCING OLD TABLE AS changed
FOR EACH STATEMENT EXECUTE FUNCTION follows_discounted()
