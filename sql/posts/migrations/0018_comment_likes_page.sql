-- Lists who likes a comment.
CREATE INDEX comment_likes_page ON comment_likes (comment_id, created_at DESC, id DESC)
