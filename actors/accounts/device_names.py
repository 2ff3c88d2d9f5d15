"""Names of what logs in, from the `User-Agent` header: "Firefox on Android".

They let people recognise their sessions. Clients choose the header freely, so nothing else may depend on it.
"""

import re

from config.limits import DEVICE_CHARACTERS

_USER_AGENT_CHARACTERS = 500

# In this order: browsers also name those that they are compatible with.
_BROWSERS = (
    (re.compile(r"\bEdg(?:A|iOS)?/"), "Edge"),
    (re.compile(r"\b(?:OPR|OPT)/"), "Opera"),
    (re.compile(r"\bVivaldi/"), "Vivaldi"),
    (re.compile(r"\bSamsungBrowser/"), "Samsung Internet"),
    (re.compile(r"\b(?:Firefox|FxiOS)/"), "Firefox"),
    (re.compile(r"\b(?:Chrome|CriOS|Chromium)/"), "Chrome"),
    (re.compile(r"\bVersion/[\d.]+ .*\bSafari/"), "Safari"),
)
_SYSTEMS = (
    (re.compile(r"\bAndroid\b"), "Android"),
    (re.compile(r"\biPhone\b"), "iPhone"),
    (re.compile(r"\biPad\b"), "iPad"),
    (re.compile(r"\bWindows\b"), "Windows"),
    (re.compile(r"\bCrOS\b"), "ChromeOS"),
    (re.compile(r"\b(?:Mac OS X|Macintosh)\b"), "macOS"),
    (re.compile(r"\bLinux\b"), "Linux"),
)
_PROGRAM = re.compile(r"([A-Za-z][A-Za-z0-9._-]*)(?:/|$)")
_COMPATIBLE = "Mozilla"
"""How the header of every browser begins."""


def device_name(user_agent: str | None) -> str | None:
    """Return the browser and its system, else the name of the program; None if there is no such name."""
    text = (user_agent or "")[:_USER_AGENT_CHARACTERS]
    browser = _first(_BROWSERS, text)
    system = _first(_SYSTEMS, text)
    if browser is not None:
        return browser if system is None else f"{browser} on {system}"
    program = _PROGRAM.match(text)
    if program is None or program[1] == _COMPATIBLE:
        return None
    return program[1][:DEVICE_CHARACTERS]


def _first(names: tuple[tuple[re.Pattern[str], str], ...], text: str) -> str | None:
    return next((name for pattern, name in names if pattern.search(text)), None)
