"""What people are to know: made from what services tell, kept, and pushed to their devices."""
