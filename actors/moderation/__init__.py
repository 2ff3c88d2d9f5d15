"""What people tell the moderators, and what moderators do."""
