"""Usernames in text: `@name`. `tests/mention_cases.json` has the cases; the browser client has the same rule.

A name begins and ends with a letter or digit and has no two dots in a row, so that punctuation after it does
not belong to it. What continues as another word, an address or a URL is no mention.
"""

import re
from typing import Final

USERNAME_PATTERN: Final = r"[a-z0-9](?:(?:\.?[a-z0-9_])*\.?[a-z0-9])?"
"""Lower case. Python and JavaScript read it alike."""
_CHARACTERS_MIN: Final = 3
_CHARACTERS_MAX: Final = 50

# Latin letters with marks, and combining marks. Scripts without spaces may follow a name directly.
_WORD: Final = r"a-z0-9_\u00aa-\u024f\u0300-\u036f\u1e00-\u1eff"
_MENTION = re.compile(
    rf"(?<![{_WORD}@./])@({USERNAME_PATTERN})(?![{_WORD}@]|://|\.[a-z0-9_])", re.IGNORECASE | re.ASCII
)


def find_mentions(text: str) -> list[str]:
    """Return the usernames that a text mentions, in lower case, each once, in order."""
    names = (match[1].lower() for match in _MENTION.finditer(text))
    return list(dict.fromkeys(name for name in names if _CHARACTERS_MIN <= len(name) <= _CHARACTERS_MAX))
