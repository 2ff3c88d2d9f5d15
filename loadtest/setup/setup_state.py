"""What exists on the server when the load begins."""

from dataclasses import dataclass, field

from loadtest.accounts.users_file import LoadUser
from loadtest.run_plan import SeededIds


@dataclass(slots=True)
class SetupState:
    """`conversations` holds each user's conversations, by index in `users`, with their last seq.

    `passive_conversations` are others, in which virtual users send nothing. `new_conversations` had no
    messages before the run.
    """

    users: list[LoadUser]
    conversations: list[dict[str, int]] = field(default_factory=list)
    passive_conversations: list[dict[str, int]] = field(default_factory=list)
    new_conversations: list[str] = field(default_factory=list)
    seeded_ids: SeededIds = field(default_factory=SeededIds)

    def __post_init__(self) -> None:
        self.conversations = [{} for _ in self.users]
        self.passive_conversations = [{} for _ in self.users]

    def add_members(self, members: range, conversation_id: str, last_seq: int) -> None:
        """Record that these users are members of the conversation."""
        for index in members:
            self.conversations[index][conversation_id] = last_seq
