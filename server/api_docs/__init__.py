"""The published contract, made of the routes and of the very structs that decode what is asked."""
