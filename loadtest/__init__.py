"""Load tester: drives Convene through its public API and checks every delivery guarantee under load."""
