"""What operators ask of the whole: is it right, and what could not be done. Never what a client asks."""
