"""What a docstring says to readers of the contract: its first sentence, and the rest. Never rewrites it."""

from inspect import cleandoc


def split_summary(docstring: str) -> tuple[str, str]:
    """The first sentence, without its full stop, and what follows."""
    first, _, rest = docstring.partition("\n\n")
    summary, _, more = " ".join(first.split()).partition(". ")
    return summary.removesuffix("."), "\n\n".join(part for part in (more, rest.strip()) if part)


def own_docstring(kind: type) -> str:
    """That of the type itself, never one that it inherits."""
    return cleandoc(vars(kind).get("__doc__") or "")
