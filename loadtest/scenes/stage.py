"""What stands when the load begins: who is in which conversations, and what else there is.

It holds; it does nothing.
"""

from dataclasses import dataclass, field

from loadtest.people.users_file import Person
from loadtest.process.letters import Props


@dataclass(slots=True)
class Stage:
    """`conversations` are those of each person, by the place in `people`, with the seq they stood at.

    `others` are those where nothing is said on purpose, but something may happen; `fresh` those in which
    nobody had said anything before.
    """

    people: list[Person]
    conversations: list[dict[str, int]] = field(default_factory=list)
    others: list[dict[str, int]] = field(default_factory=list)
    fresh: list[str] = field(default_factory=list)
    props: Props = field(default_factory=Props)

    def __post_init__(self) -> None:
        self.conversations = [{} for _ in self.people]
        self.others = [{} for _ in self.people]

    def gathered(self, members: range, conversation_id: str, last_seq: int) -> None:
        """These people are in that conversation."""
        for place in members:
            self.conversations[place][conversation_id] = last_seq
