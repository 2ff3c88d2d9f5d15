"""Mail that the server writes to people, and the box from which it leaves."""
