"""One mail to one person, and nothing of it in its text form.

Never holds more than one address.
"""

import msgspec


class Mail(msgspec.Struct, frozen=True):
    """`id` stays the same over all attempts; `kind` is all that a log may say of it.

    `link` stands in `text` too.
    """

    id: str
    kind: str
    to: str
    subject: str
    text: str
    link: str

    def __repr__(self) -> str:
        return f"Mail({self.kind})"
