"""What a store promises, one Protocol a file."""
