-- A new post.
--
--   :author_id uuid  :content text  :event_id uuid   -> id, created_at
INSERT INTO posts (author_id, content, event_id)
VALUES (:author_id, :content, :event_id)
RETURNING id, created_at
