"""`rosenblatt key`: make an API key."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence

from service.api_keys import new_key


def main(arguments: Sequence[str] | None = None) -> int:
    """Print a new key and its entry; the exit status."""
    parser = argparse.ArgumentParser(
        prog="rosenblatt key",
        description="Make a random API key. Clients send the key, as `Authorization: Bearer KEY`; "
        "the service is given the entry alone, in ROSENBLATT_API_KEYS or in a line of "
        "ROSENBLATT_API_KEYS_FILE.",
    )
    parser.add_argument("--admin", action="store_true", help="it may load and unload models too")
    key, entry = new_key(admin=parser.parse_args(arguments).admin)
    sys.stdout.write(f"key    {key}\nentry  {entry}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
