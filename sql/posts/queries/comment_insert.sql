-- A new comment. A post that is gone has no key to hold.
--
--   :post_id uuid  :author_id uuid  :content text   -> id, created_at
INSERT INTO comments (post_id, author_id, content)
VALUES (:post_id, :author_id, :content)
RETURNING id, created_at
