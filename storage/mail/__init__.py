"""The ways in which mail leaves the house. The only folder that sees the SMTP library."""
