-- Whether only accepted followers see the user's posts, followers and followed users.
ALTER TABLE users ADD COLUMN private BOOLEAN NOT NULL DEFAULT FALSE
