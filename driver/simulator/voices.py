"""What a simulated battery can speak when it has its port for itself, by the names that `simulate --protocol` takes."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

from ..protocol import balancer, jk04, neey
from ..protocol.family import Family
from ..protocol.neey import Generation
from .balancers import NeeyBalancer, RsBalancer
from .bms import JkBms
from .jkble import BluetoothBms
from .line import Device, Line, jk_line
from .stream import StreamLine
from .uart import UartBms


@dataclass(frozen=True, slots=True)
class Voice:
    """A protocol and variant."""

    protocol: str  # as config.ini calls it
    device: Callable[[JkBms, int], Device]  # for a battery, and which of several it is
    line: type[Line]
    cells: int  # at most
    text: str  # for people


def _bluetooth(family: Family, cells: int) -> Voice:
    def device(bms: JkBms, index: int) -> Device:
        return BluetoothBms(bms, family, f"Sim {index}", index)

    return Voice("jk-ble", device, StreamLine, cells, f"{family.value}, as over Bluetooth")


def _neey(generation: Generation) -> Voice:
    def device(bms: JkBms, _: int) -> Device:
        return NeeyBalancer(bms, generation)

    return Voice("neey", device, StreamLine, neey.SLOTS, f"NEEY balancer {generation.name.lower()}, as over Bluetooth")


VOICES: Mapping[str, Voice] = {
    "jk-uart": Voice("jk-uart", lambda bms, _: UartBms(bms), Line, 32, "JK UART-TTL"),
    "jk02-24s": _bluetooth(Family.S24, 24),
    "jk02-32s": _bluetooth(Family.S32, 32),
    "jk04": _bluetooth(Family.JK04, jk04.CELLS),
    "neey-v1": _neey(Generation.V1),
    "neey-v2": _neey(Generation.V2),
    "jk-balancer": Voice(
        "jk-balancer", lambda bms, _: RsBalancer(bms), Line, balancer.SLOTS, "old JK balancer on RS485"
    ),
}


def line_of(voice: str, index: int = 1, firmware: str | None = None, **options: Any) -> Line:
    """A battery of its own for each `index`; `firmware` only of a JK over Bluetooth; the rest as for `jk_line`."""
    return jk_line(index, made=partial(_made, VOICES[voice], index, firmware), **options)


def _made(spoken: Voice, index: int, firmware: str | None, bms: JkBms, **options: Any) -> Line:
    device = spoken.device(bms, index)
    if firmware is not None and isinstance(device, BluetoothBms):
        device.maker = replace(device.maker, software=firmware)
    return spoken.line(device, **options)
