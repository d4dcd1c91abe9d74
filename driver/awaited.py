"""`python3 -m driver.awaited state.json`: names on D-Bus of the batteries that were heard when the driver last ran.

For install.sh, which looks after an upgrade whether they are back. What was not heard at the end, because it had been
taken away, is not awaited.
"""

import json
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from .battery.memory import Memory
from .venus.service import service_name

RECENT = 1200.0  # s before the last reading of all: the file may be written a quarter of an hour apart


def awaited(batteries: Iterable[tuple[str, Any]]) -> list[str]:
    """The names of those whose last reading is not much older than the last one of all."""
    memories = {key: memory for key, entry in batteries if (memory := Memory.from_json(entry)) is not None}
    last = max((memory.heard_at for memory in memories.values()), default=0.0)
    return sorted(service_name(key) for key, memory in memories.items() if last - memory.heard_at <= RECENT)


def remembered(state: Path) -> list[tuple[str, Any]]:
    """The batteries in a state file; none where it is missing or damaged, and it is left as it is."""
    try:
        return list(json.loads(state.read_bytes())["batteries"].items())
    except (OSError, ValueError, LookupError, TypeError, AttributeError, RecursionError):
        return []


if __name__ == "__main__":
    for name in awaited(remembered(Path(sys.argv[1]))):
        print(name)
