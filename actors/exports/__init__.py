"""Data exports: archives of what a user wrote and received."""
