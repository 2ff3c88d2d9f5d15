"""What services know of people whom the User service owns: copies, and what they do when one is missing."""
