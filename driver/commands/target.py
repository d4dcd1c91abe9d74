"""Which battery a command is about: named by a port, by config.ini, or the only one there can be."""

import argparse
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

from ..config import Config, load
from ..detection import detect
from ..link.opening import short_name
from ..link.ports import Adapter, existing_ports, usb_serial_adapters
from ..option_rows import options
from ..options import Battery, Ports
from ..protocol.detected import AUTO
from ..protocol.dialect import BUSES, LISTENING, dialect_names
from ..verdicts import Verdict

DEFAULT_CONFIG = Path("config.ini")


class TargetError(Exception):
    """The arguments name no battery. The text says what there is."""


@dataclass(frozen=True, slots=True)
class Target:
    """A battery to ask."""

    name: str
    battery: Battery
    named: bool = True  # False: its port was found, and must be listened to before it is asked


def add_target_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments that `target` evaluates."""
    parser.add_argument("--port", metavar="PORT", help="/dev/ttyUSB0, socket://HOST:PORT, rfc2217://HOST:PORT")
    parser.add_argument("--protocol", choices=(*dialect_names(), AUTO), help="what the BMS speaks; default: jk-uart")
    parser.add_argument(
        "--address",
        type=int,
        choices=range(16),
        metavar="N",
        help="of a pack on a bus; default: the first that answers",
    )
    parser.add_argument("--config", type=Path, metavar="FILE", help="default: config.ini, if it is there")
    parser.add_argument("--battery", metavar="NAME", help="which one of the file")


def target(args: argparse.Namespace) -> Target:
    """The battery that the arguments name. TargetError, or ConfigError, when they name none."""
    if args.port is not None:
        if args.config is not None or args.battery is not None:
            raise TargetError("--port names a battery, and so does --config with --battery: expected one of them")
        found = Target(short_name(args.port), Battery(port=_port(args.port)))
    elif args.config is not None or args.battery is not None or DEFAULT_CONFIG.is_file():
        found = _configured(load(args.config or DEFAULT_CONFIG), args.battery)
    else:
        found = _only_adapter()
    battery = found.battery
    protocol = args.protocol or battery.protocol
    address = battery.address if args.address is None else args.address
    if args.address is not None and (protocol not in BUSES or (args.address == 0 and protocol not in LISTENING)):
        raise TargetError(f"--address {args.address}: {protocol} has no such address")
    return replace(found, battery=replace(battery, protocol=protocol, address=address))


async def decided(chosen: Target) -> Target | Verdict:
    """The same battery with the protocol that it turns out to speak; or what is there instead of it."""
    battery = chosen.battery
    if not battery.undecided:
        return chosen
    found = await detect(battery.port, None, battery.baudrate)
    if isinstance(found, Verdict):
        return found
    return replace(chosen, battery=replace(battery.speaking(found.protocol), address=found.address), named=True)


def targets(config: Config, in_use: Callable[[str], bool]) -> list[Target]:
    """Every battery that the service would serve; `in_use` says of a port whether the service has it already."""
    if config.batteries or config.driver.ports is not Ports.AUTO:
        return [Target(name, battery) for name, battery in config.batteries.items()]
    return [_found(adapter) for adapter in usb_serial_adapters() if adapter.free or in_use(adapter.port)]


def _port(text: str) -> str:
    row = next(row for name, row, _ in options(Battery) if name == "port")
    for guess in (text, f"/dev/{text}"):
        if row.accepts(guess):
            return guess
    raise TargetError(f"--port {text!r}: expected {row.expects}")


def _configured(config: Config, name: str | None) -> Target:
    batteries = config.batteries
    if name is None and len(batteries) == 1:
        name = next(iter(batteries))
    if name is None and batteries:
        raise TargetError(f"the file has {len(batteries)} batteries: expected --battery and one of {_list(batteries)}")
    if name is None and not config.stopped:
        return _only_adapter()
    if name not in batteries:
        problems = "".join(f"\n  {problem}" for problem in config.problems)
        there = f"there are {_list(batteries)}" if batteries else "no battery of the file can run"
        raise TargetError(f"{f'--battery {name!r}: ' if name else ''}{there}{problems}")
    return Target(name, batteries[name])


def _only_adapter() -> Target:
    free = [adapter for adapter in usb_serial_adapters() if adapter.free]
    if len(free) == 1:
        return _found(free[0])
    ports = [adapter.port for adapter in free] or existing_ports()
    there = f"there are {', '.join(ports)}" if ports else "this machine has no serial port"
    raise TargetError(f"which port? expected --port; {there}")


def _found(adapter: Adapter) -> Target:
    return Target(short_name(adapter.device), Battery(port=adapter.port, protocol=AUTO), named=False)


def _list(names: dict[str, Battery]) -> str:
    return ", ".join(names)
