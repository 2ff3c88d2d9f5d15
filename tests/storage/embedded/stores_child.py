"""Opens a stores folder, prints the URLs and leaves when its input ends.

Arguments: the folder, and `keep` or `drop`.
"""

import asyncio
import sys
from pathlib import Path

import msgspec

from storage.embedded import EmbeddedStores, StoresUnavailable


def print_line(text: str) -> None:
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


async def main(folder: Path, *, keep: bool) -> None:
    stores = EmbeddedStores(folder, keep=keep)
    try:
        urls = await stores.start()
    except StoresUnavailable as error:
        print_line(f"unavailable: {error}")
        return
    print_line(msgspec.json.encode(urls).decode())
    await asyncio.to_thread(sys.stdin.readline)
    await stores.stop()


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1]), keep=sys.argv[2] == "keep"))
