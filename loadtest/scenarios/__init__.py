"""What guests do while the load lasts, at a given rate, whatever the server answers."""
