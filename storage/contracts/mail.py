"""What carries mail out of the house."""

from typing import Protocol

from storage.records.mail import Mail


class Mailer(Protocol):
    """Hands mails to whoever delivers them. What an error says names neither address nor text."""

    async def send(self, mail: Mail) -> None:
        """Hand over one mail; on return another server has taken it upon itself.

        May be repeated: attempts at one mail bear one Message-ID, by which mailboxes know them. It ends
        within `MAIL_SEND_TIMEOUT_S`; cancelled, it may or may not have happened.

        Raises:
            Unavailable: not now. It may have been taken all the same.
            StorageError: this mail will not be taken, however often it is tried.
        """
