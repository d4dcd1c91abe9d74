"""`protocol = auto`: finds out who answers on a port, with few bytes and in under 10 s, or says what is there instead.

At each speed the port is listened to before a byte is sent, and nothing is sent where anything is heard.
"""

import asyncio
import logging
from collections.abc import Callable, Collection
from dataclasses import replace
from itertools import groupby

from .errors import LinkError
from .known import KnownBatteries
from .link.base import Link
from .link.ports import ENOUGH
from .link.serial import SerialLink
from .link.traffic import Traffic
from .logs import Outage, device_log
from .options import Battery
from .protocol.detected import Detected
from .protocol.detection import LISTEN, PAUSE, Attempt, Ears, attempts
from .verdicts import OTHER_ADDRESS, UART_OF_BUS, UART_OF_GPS, Verdict, of_traffic, overheard, sample, what_was_heard

AGAIN = 5.0  # s from one search to the next
LONGEST = 1.0  # s more than its patience that a question may take while frames go on coming
NAME_IT = "If it is the BMS all the same, name its protocol in config.ini"
EITHER_UART = f"{UART_OF_GPS} or, for an inverter BMS, {UART_OF_BUS}"
OPENS_NOT = "Put that right and try again; `check` tells whether the driver runs there already"
FACTORY_ADDRESS = "Set the balancer to address 1, as the factory does: no other is asked"

Open = Callable[[str, int], Link]


async def detect(
    port: str, remembered: Detected | None = None, baudrate: int | None = None, open_link: Open = SerialLink
) -> Detected | Verdict:
    """Who answers on `port`, or what is there instead. `remembered` is asked first; `baudrate`, if it is certain."""
    heard: list[Ears] = []
    order = attempts(remembered, baudrate)
    for speed, group in groupby(order, key=lambda one: one.baudrate):
        link, ears = open_link(port, speed), Ears(speed)
        heard.append(ears)
        try:
            await link.open()
            await _at_one_speed(link, ears, list(group))
        except LinkError as exc:
            return Verdict(str(exc), OPENS_NOT, refused=True)
        finally:
            await link.close()
        if ears.detected is not None:
            return ears.detected
        if ears.heard and not ears.sent:
            return _of_strangers(link.name, ears)
    return _of_all(heard)


async def _at_one_speed(link: Link, ears: Ears, tried: Collection[Attempt]) -> None:
    await _listen(link, ears, LISTEN)
    if ears.heard:
        return
    for attempt in tried:
        for question in attempt.questions:
            await link.write(ears.ask(question))
            await _listen(link, ears, question.patience)
            if ears.detected is not None or _foreign(ears):
                return


async def _listen(link: Link, ears: Ears, seconds: float) -> None:
    """Take what comes in so many seconds, and the end of what has begun; until it is known who speaks."""
    clock = asyncio.get_running_loop().time
    end = clock() + seconds
    last, most = end + LONGEST, len(ears.heard) + ENOUGH
    while ears.detected is None and len(ears.heard) < most and (left := end - clock()) > 0:
        chunk = await link.read(0, left)
        ears.hear(chunk, clock())
        if chunk and ears.pending:
            end = min(max(end, clock() + PAUSE), last)


def _foreign(ears: Ears) -> bool:
    """Whether somebody speaks who is certainly no JK: a byte of noise is no reason to end."""
    return what_was_heard(ears.heard, ears.sent) in (Traffic.VE_DIRECT, Traffic.NMEA, Traffic.MODBUS)


def _of_strangers(where: str, ears: Ears) -> Verdict:
    return replace(overheard(what_was_heard(ears.heard, ()), where, NAME_IT), sample=sample(ears.heard))


def _of_all(heard: list[Ears]) -> Verdict:
    """What to say when everything was asked: what was heard at the speed that tells the most."""
    if addresses := sorted({address for ears in heard for address in ears.strangers}):
        where = ", ".join(map(str, addresses))
        return Verdict(
            f"a balancer answers, but from address {where}",
            FACTORY_ADDRESS,
            sample(b"".join(ears.heard for ears in heard)),
        )
    best = max(heard, key=lambda ears: _TELLING.index(what_was_heard(ears.heard, ears.sent)))
    traffic = what_was_heard(best.heard, best.sent)
    speeds = " or ".join(map(str, sorted({ears.baudrate for ears in heard}, reverse=True)))
    found = of_traffic(traffic, received=len(best.heard), baudrate=speeds, uart=EITHER_UART)
    more = f". {OTHER_ADDRESS}" if traffic in (Traffic.SILENT, Traffic.ECHO, Traffic.JK_02) else ""
    shown = sample(best.heard) if traffic is not Traffic.SILENT else ""
    return replace(found, next_step=found.next_step + more, sample=shown)


_TELLING = (
    Traffic.SILENT,
    Traffic.ECHO,
    Traffic.UNKNOWN,
    Traffic.MODBUS,
    Traffic.NMEA,
    Traffic.VE_DIRECT,
    Traffic.JK_02,
    Traffic.JK_UART,
)


async def settle(name: str, options: Battery, known: KnownBatteries) -> Battery:
    """The battery that a section with `protocol = auto` stands for; waits until somebody answers.

    Who answered on the port before and is silent now is taken for what it was: a battery that is lost is shown.
    """
    log = device_log(logging.getLogger(__name__), name)
    trouble = Outage(log)
    remembered = known.detected(options.port)
    while not isinstance(found := await detect(options.port, remembered, options.baudrate), Detected):
        trouble.say("%s. %s", found.found, found.next_step)
        if remembered is not None and not found.foreign:
            log.info("taken for %s, as the last time", remembered.protocol)
            return options.speaking(remembered.protocol)
        await asyncio.sleep(AGAIN)
    if found != remembered:
        log.info("%s answers on %s", found.protocol, options.port)
        known.keep_detected(options.port, found)
    return options.speaking(found.protocol)
