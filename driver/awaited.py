"""`python3 -m driver.awaited state.json`: names on D-Bus of the batteries that were heard when the driver last ran.

For install.sh, which looks after an upgrade whether they are back. What was not heard at the end, because it had been
taken away, is not awaited; nor are packs of a bank that are not shown.
"""

import json
import re
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Any

NAME = r"com\.victronenergy\.battery\.[A-Za-z0-9_]+"
RECENT = 1200.0  # s before the last reading of all: the file may be written a quarter of an hour apart


def awaited(entries: Iterable[Any]) -> list[str]:
    """The names of those whose last reading is not much older than the last one of all."""
    heard = {
        service: heard_at
        for entry in entries
        if isinstance(entry, dict)
        and isinstance(service := entry.get("service"), str)
        and re.fullmatch(NAME, service)
        and isinstance(heard_at := entry.get("heard_at"), int | float)
    }
    last = max(heard.values(), default=0.0)
    return sorted(service for service, heard_at in heard.items() if last - heard_at <= RECENT)


def remembered(state: Path) -> list[Any]:
    """The batteries in a state file; none where it is missing or damaged, and it is left as it is."""
    try:
        return list(json.loads(state.read_bytes())["batteries"].values())
    except (OSError, ValueError, LookupError, TypeError, AttributeError, RecursionError):
        return []


if __name__ == "__main__":
    for name in awaited(remembered(Path(sys.argv[1]))):
        print(name)
