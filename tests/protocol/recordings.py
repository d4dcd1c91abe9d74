"""Recorded frames, read where they lie: in the folder that JK_VECTORS names."""

import json
import os
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import pytest

# the frame sets this driver was built on; a folder may hold more
KNOWN = (
    "uart_13s_7.1.0h_syssi_faker",
    "uart_13s_b2a24s20p_10.07_syssi_pdus",
    "uart_14s_h6.x_s6.1.3s_syssi",
    "uart_16s_11a_11.52_truncated_pico",
    "uart_16s_b1a24s15p_11.262h_discharging_opendtu",
    "uart_16s_b1a24s15p_11.262h_undertemperature_alarm_opendtu",
    "uart_16s_b1a24s15p_11.262h_undervoltage_alarm_opendtu",
    "uart_16s_b2a20s20p_11.26_arminjo_charging",
    "uart_16s_b2a20s20p_11.26_arminjo_idle",
    "uart_16s_bd6a17s6p_7.1.0h_syssi_pdus",
    "uart_20s_protocol0_official_example",
    "uart_4s_11.21h_powermon",
    "uart_7s_b1a8s20p_11.51_public",
)
TRUNCATED = "uart_16s_11a_11.52_truncated_pico"  # its source lost the last three bytes of the checksum
MISPRINTED = "uart_20s_protocol0_official_example"  # the vendor's document prints a wrong checksum
FOLDER = os.environ.get("JK_VECTORS", "")


@dataclass(frozen=True)
class Recording:
    """One frame set."""

    name: str
    source: str
    recorded: bytes  # as its source has it
    frame: bytes  # whole; only lost checksum bytes are added
    expected: dict[str, Any]  # asserted by the source's own tests or documents
    tolerance: dict[str, float]
    derived: dict[str, Any]  # by a second decoder that follows the same notes
    content: dict[str, Any]  # the whole file


def names() -> list[str]:
    """The known frame sets, and what else of their kind lies in the folder."""
    there = (path for path in sorted(Path(FOLDER).glob("uart_*.json")) if FOLDER)
    more = [path.stem for path in there if path.stem not in KNOWN and _response(json.loads(path.read_text()))]
    return [*KNOWN, *more]


def missing() -> str:
    """Why recordings cannot be had; "": all of them are there."""
    if not FOLDER:
        return f"JK_VECTORS is not set: {len(KNOWN)} recorded frame sets skipped"
    absent = [name for name in KNOWN if not (Path(FOLDER) / f"{name}.json").is_file()]
    return f"JK_VECTORS={FOLDER} lacks {len(absent)} of {len(KNOWN)} frame sets: {absent[0]}, ..." if absent else ""


def vectors(name: str) -> dict[str, Any]:
    """A file of the folder; skips the test when it is not there."""
    path = Path(FOLDER) / f"{name}.json"
    if not FOLDER or not path.is_file():
        pytest.skip(missing() or f"{path} does not exist")
    found: dict[str, Any] = json.loads(path.read_text())
    return found


@cache
def load(name: str) -> Recording:
    """A frame set; skips the test when it is not there."""
    content = vectors(name)
    kind = _response(content)
    recorded = bytes.fromhex(content["frames"][kind])
    return Recording(
        name=name,
        source=content["source"],
        recorded=recorded,
        frame=_completed(recorded),
        expected=content.get("expected", {}).get(kind, {}),
        tolerance=content.get("tolerance", {}).get(kind, {}),
        derived=content["derived"][kind],
        content=content,
    )


def _response(content: dict[str, Any]) -> str:
    return next((kind for kind in content.get("frames", ()) if kind.startswith("response")), "")


def _completed(recorded: bytes) -> bytes:
    size = int.from_bytes(recorded[2:4], "big") + 2
    return (
        recorded + sum(recorded[: size - 4]).to_bytes(4, "big")[len(recorded) - size :]
        if len(recorded) < size
        else recorded
    )
