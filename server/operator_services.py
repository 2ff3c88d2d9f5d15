"""What operator commands use of the services."""

from dataclasses import dataclass

from actors.moderation.command_line_moderation import CommandLineModeration
from actors.operations.dead_letter_replay import DeadLetterReplay
from actors.operations.doctor import Doctor


@dataclass(frozen=True, slots=True)
class OperatorServices:
    moderation: CommandLineModeration
    doctor: Doctor
    replay: DeadLetterReplay
