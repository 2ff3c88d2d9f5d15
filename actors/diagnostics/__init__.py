"""What operators ask the instances: live actors, black boxes, and why a user did not get a message."""
