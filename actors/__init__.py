"""The application: the actor runtime, conversations and sessions, the services, and the protocol."""
