"""What stands when the load begins: who is in which conversations, and what else there is.

It holds; it does nothing.
"""

from dataclasses import dataclass, field

from loadtest.accounts.users_file import LoadUser
from loadtest.run_plan import ContentIds


@dataclass(slots=True)
class SetupState:
    """`conversations` are those of each person, by the place in `people`, with the seq they stood at.

    `others` are those where nothing is said on purpose, but something may happen; `fresh` those in which
    nobody had said anything before.
    """

    users: list[LoadUser]
    conversations: list[dict[str, int]] = field(default_factory=list)
    passive_conversations: list[dict[str, int]] = field(default_factory=list)
    new_conversations: list[str] = field(default_factory=list)
    content_ids: ContentIds = field(default_factory=ContentIds)

    def __post_init__(self) -> None:
        self.conversations = [{} for _ in self.users]
        self.passive_conversations = [{} for _ in self.users]

    def add_members(self, members: range, conversation_id: str, last_seq: int) -> None:
        """These people are in that conversation."""
        for place in members:
            self.conversations[place][conversation_id] = last_seq
