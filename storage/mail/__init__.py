"""Implementations of `Mailer`. Only this package imports the SMTP library."""
