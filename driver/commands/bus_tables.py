"""The document of the PB bus, for `tables`. Its frames are those of JK02."""

from collections.abc import Iterator

from ..protocol import jkpb_wire
from ..protocol.jkpb_wire import ACKNOWLEDGES, REQUESTS, TYPES, Register, Request
from .markdown import head, heading, line


def pb_document() -> Iterator[str]:
    """PB packs on RS485, asked or only listened to."""
    yield from heading("JK PB on RS485, config names `jk-pb` and `jk-pb-listen`", jkpb_wire)
    yield "The frames are explained in [protocol-jk02.md](protocol-jk02.md), column 32S."
    yield ""
    yield from head("register", "asks for", "type of the frame", "trigger to address 1", "acknowledge of address 1")
    for register in Register:
        kind, whose = TYPES[register], Request(1, register)
        yield line(
            f"`{register:04X}`",
            register.name.lower().replace("_", " "),
            f"{int(kind)} `{kind.name}`",
            f"`{REQUESTS[whose].hex(' ')}`",
            f"`{ACKNOWLEDGES[whose].hex(' ')}`",
        )
