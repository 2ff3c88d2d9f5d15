"""Who is there: told by sessions, folded over all devices and instances, shown to who may know."""
