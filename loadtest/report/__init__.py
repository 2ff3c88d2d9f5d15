"""The report: for programs, for people at a glance, and as plain text."""
