-- How many posts those people have.
--
--   :author_ids uuid[]   -> author_id, posts_count
SELECT author_id, posts_count
FROM author_stats
WHERE author_id = ANY(:author_ids)
