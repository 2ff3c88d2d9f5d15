"""E-mails to send."""

import msgspec


class Mail(msgspec.Struct, frozen=True):
    """One e-mail to one address. Its `repr` shows only `kind`, so that logs hold no personal data.

    `id` is the same for all attempts. `link` is contained in `text`.
    """

    id: str
    kind: str
    to: str
    subject: str
    text: str
    link: str

    def __repr__(self) -> str:
        return f"Mail({self.kind})"
