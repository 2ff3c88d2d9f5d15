"""The vocabulary of the public contract: objects, commands, frames and refusals, as typed structs."""
