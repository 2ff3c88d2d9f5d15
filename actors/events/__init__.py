"""Events, RSVPs with waitlists, and event conversations."""
