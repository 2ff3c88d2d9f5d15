"""The Messaging service on MongoDB, through motor; the only package that knows either."""
