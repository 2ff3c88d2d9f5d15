"""The public protocol: objects, commands, frames and errors as typed structs."""
