"""`tables`: the protocols as the driver knows them, in Markdown; `docs/protocol-uart.md` is its output."""

import argparse
import inspect
from collections.abc import Callable, Iterable, Iterator, Mapping

from ..protocol import jkuart, jkuart_wire
from ..protocol.jkuart import AlarmBits, BatteryType, StatusBits, UartLive, UartSettings
from ..protocol.jkuart_reading import ALARMS, MANDATORY
from ..protocol.rows import rows
from ..protocol.value_text import kind_text
from .bus_tables import pb_document
from .layout_tables import LAYOUT_DOCUMENTS
from .markdown import alarm_table, code_table, head, heading, line, secrecy, section

HELP = "print the protocol tables in Markdown"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of this command."""
    parser.add_argument("protocol", nargs="?", choices=sorted(DOCUMENTS), help="only this one; all of them without it")


def run(args: argparse.Namespace) -> int:
    """Print the tables. Return 0."""
    chosen = [args.protocol] if args.protocol else sorted(DOCUMENTS)
    print("\n".join("\n".join(DOCUMENTS[name]()) for name in chosen))
    return 0


def uart() -> Iterator[str]:
    """The document of the JK UART-TTL protocol."""
    yield from heading("JK UART-TTL (`4E 57`), config name `jk-uart`", jkuart)
    yield "## Frames"
    yield ""
    yield from inspect.cleandoc(jkuart_wire.__doc__ or "").splitlines()
    yield from register_table(UartLive, mandatory=MANDATORY)
    yield from register_table(UartSettings)
    yield from alarm_table(AlarmBits, ALARMS)
    yield from code_table(StatusBits)
    yield from code_table(BatteryType)


DOCUMENTS: Mapping[str, Callable[[], Iterator[str]]] = {"jk-uart": uart, "jk-pb": pb_document, **LAYOUT_DOCUMENTS}


def register_table(record: type, mandatory: Iterable[str] = ()) -> Iterator[str]:
    """One record class: a line for each of its rows."""
    yield from section(record)
    if mandatory:
        yield "A frame that lacks a register marked * yields no reading."
        yield ""
    yield from head("register", "name", "type", "unit", "remark")
    for name, row in rows(record):
        remark = "; ".join(filter(None, (secrecy(row), row.doc)))
        mark = " *" if name in mandatory else ""
        yield line(f"`{row.place:02X}`", f"`{name}`{mark}", kind_text(row.kind), row.unit, remark)
