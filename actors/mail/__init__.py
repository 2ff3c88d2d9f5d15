"""E-mails to users, and the queue that sends them."""
