"""The load tester: it drives Convene through its public contract and checks every promise while it does."""
