"""What `check` says about one battery: each check is a pure function of what was found.

To add a check: a function from `Examined` to a finding (or None when it does not apply), and a line in `CHECKS`.
"""

from collections.abc import Callable, Mapping

from ..battery.alarms import Severity
from ..battery.bank_member import Standing
from ..protocol.dialect import BLUETOOTH, LISTENING
from .examination import Examined
from .findings import Finding, broken, good, warning
from .screen import summary
from .view import View, shown_limits
from .words import model_words

TOLERABLE = 0.02  # share of damaged frames
MONITORS = ("jk-balancer", "neey")  # that tell no current: what they say limits nothing
MISSING = "temperature is missing"  # in the reason of a limit
RECORDED_FIRMWARE: Mapping[str, tuple[str, ...]] = {  # proven by recorded frames
    "jk-uart": ("6.", "7.", "10.", "11."),
    "jk-pb": ("15.10", "15.41"),
    "jk-ble": ("3.3.", "7.1.", "8.0.", "10.0", "11.", "14.20", "15.3", "15.41", "19."),
    "neey": ("SW-1.1", "SW-2.0", "ZH-1.2", "ZH-2."),
}


def running(found: Examined) -> Finding | None:
    """The driver has the port: what it shows stands for the BMS."""
    if found.published is None:
        return None
    view = View.of_items(found.published)
    if not view.well:
        return broken(
            "BMS",
            f"the driver runs and has the port, but the BMS is {view.state}: {view.note}",
            f"Check cable and BMS, then its log; to let check look itself: svc -d /service/dbus-jkbms ({found.port})",
        )
    return good("BMS", f"the driver runs and has the port; on D-Bus: {summary(view)}")


def disturbance(found: Examined) -> Finding | None:
    """What the running driver says disturbs its connection."""
    if found.published is None or found.protocol not in BLUETOOTH:
        return None
    from ..link.interference import Cause

    note = View.of_items(found.published).note
    cause = next((cause for cause in Cause if cause.value in note), None)
    if cause is None:
        return None
    what, _, step = cause.value.partition(": ")
    return warning("connection", what, step[:1].upper() + step[1:])


def bank(found: Examined) -> Finding | None:
    """How it stands in the bank of the running driver."""
    if not found.in_bank:
        return None
    if found.in_bank == Standing.IN:
        return good("bank", "the pack serves")
    make = broken if found.in_bank == Standing.LOST else warning
    return make(
        "bank",
        f"the pack {found.in_bank}: the others carry its share",
        "Check its cable and its switches; a pack that waits is counted in when its voltage has come near that of the "
        "bank, and maintenance is ended with `python3 -m driver maintenance NAME off`",
    )


def port(found: Examined) -> Finding | None:
    """Whether the port can be had."""
    if found.published is not None or found.in_bank:
        return None
    if found.holders:
        names = ", ".join(map(str, found.holders))
        return broken(
            "port",
            f"{found.port} is already open in {names}",
            "If that is this driver, it has no reading yet: see its log, or stop it (svc -d /service/dbus-jkbms) and "
            "check again. Another program must be stopped: a port serves one",
        )
    if found.verdict is not None and not found.opened:
        return broken("port", found.verdict.found, found.verdict.next_step)
    return good("port", f"{found.port} opens")


def wire(found: Examined) -> Finding | None:
    """What comes over the wire."""
    if found.verdict is not None and found.opened:
        sample = f"\nreceived: {found.verdict.sample}" if found.verdict.sample else ""
        return broken("BMS", found.verdict.found + sample, found.verdict.next_step)
    if found.reading is None:
        return None
    return good("BMS", f"answers: {summary(View.of_reading(found.reading, ''))}")


def damage(found: Examined) -> Finding | None:
    """Whether frames arrive whole."""
    frames, bad = found.counters.get("frames", 0), found.counters.get("damaged", 0)
    if found.reading is None:
        return None
    if bad > TOLERABLE * (frames + bad):
        step = "Check the ground wire, the length of the cable and its distance to power cables"
        if found.protocol in BLUETOOTH:
            step = "The signal is weak or disturbed: bring adapter and BMS nearer to each other"
        return warning("wire", f"{bad} of {frames + bad} frames arrived damaged", step)
    echoes = found.counters.get("echoes", 0)
    return good("wire", f"{frames} frames, {bad} damaged{f', {echoes} own echoes (ignored)' if echoes else ''}")


def firmware(found: Examined) -> Finding | None:
    """Whether frames of this firmware are on record."""
    if found.reading is None:
        return None
    version = found.reading.identity.software
    name = model_words(found.reading.identity) or "unnamed"
    report = "Compare the values with the JK app, and report the output of `decode` for one of its frames"
    if version is None and found.protocol in LISTENING:
        return good("firmware", "not told: a JK master does not ask for it")
    if version is None:
        return warning("firmware", f"{name}: it does not tell its version", report)
    if not version.startswith(RECORDED_FIRMWARE.get(found.protocol, ())):
        return warning("firmware", f"{name}: no frames of version {version} are on record", report)
    return good("firmware", name)


def cells(found: Examined) -> Finding | None:
    """Whether every cell has a voltage."""
    if found.reading is None:
        return None
    off = [str(number) for number, volts in enumerate(found.reading.cells, 1) if not volts]
    if off:
        return broken(
            "cells",
            f"cell {', '.join(off)} reads 0 V: currents are limited to 0",
            "A sense wire is off, or fewer cells are fitted than are set in the JK app",
        )
    return good(
        "cells", f"{len(found.reading.cells)}, {min(found.reading.cells):.3f} to {max(found.reading.cells):.3f} V"
    )


def readings(found: Examined) -> Finding | None:
    """Whether all that is sent is understood."""
    if found.reading is None or not found.reading.monitor_only:
        return None
    if found.protocol in MONITORS:
        return good("readings", f"for monitoring: {found.reading.monitor_only}")
    return warning(
        "readings",
        f"good for monitoring only: {found.reading.monitor_only}",
        "Nothing is controlled by what is not understood. The firmware may be newer than this driver: report what "
        "`decode` says about one of its frames",
    )


def temperatures(found: Examined) -> Finding | None:
    """Whether each sensor that there is can be believed."""
    if found.reading is None or not found.reading.temperatures or found.reading.monitor_only:
        return None
    off = [str(number) for number, degrees in enumerate(found.reading.temperatures, 1) if degrees is None]
    if (
        off
        and found.outcome
        and found.outcome.limits
        and any(MISSING in limit.reason for limit in shown_limits(found.outcome.limits))
    ):
        return warning(
            "temperatures",
            f"sensor {', '.join(off)} says nothing that can be: currents are reduced",
            "Check the sensor, its plug and its cable; the JK app shows what the BMS reads",
        )
    return good(
        "temperatures", ", ".join(f"{degrees:.0f} °C" for degrees in found.reading.temperatures if degrees is not None)
    )


def state_of_charge(found: Examined) -> Finding | None:
    """Whether the BMS counts."""
    if found.reading is None or found.reading.monitor_only:
        return None
    if found.reading.soc is None:
        return warning(
            "state of charge",
            "the BMS says none that can be",
            "Usual for 16 s after power-up. If it stays, charge to the full: the BMS counts anew from there",
        )
    return good("state of charge", f"{found.reading.soc:g} %")


def chemistry(found: Examined) -> Finding | None:
    """Whether the kind of cells is certain."""
    if found.outcome is None or (found.reading is not None and found.reading.monitor_only):
        return None
    if found.outcome.chemistry is None:
        return warning("chemistry", found.outcome.explanation or "not certain", "Set chemistry in config.ini")
    return good("chemistry", found.outcome.chemistry.value.name)


def conflicts(found: Examined) -> Finding | None:
    """Whether the settings of owner and BMS contradict each other."""
    if found.outcome is None or found.outcome.limits is None:
        return None
    if found.outcome.conflicts:
        return warning(
            "settings",
            "\n".join(found.outcome.conflicts),
            "Change one of the two: the option in config.ini, or the setting in the JK app",
        )
    return good("settings", "those of config.ini and of the BMS fit together")


def limits(found: Examined) -> Finding | None:
    """What may be charged and discharged."""
    view = found.view
    if view is None:
        return None
    if not view.limits and found.in_bank:
        return good("limits", "set by the bank")
    if not view.limits and found.protocol in MONITORS:
        return good("limits", "none: a balancer stops no current")
    if not view.limits:
        return warning(
            "limits",
            f"monitoring only: {view.note or 'this battery does not control'}",
            "Put that right, or set control = yes, to let the battery control",
        )
    return good("limits", "\n".join(map(str, view.limits)))


def alarms(found: Examined) -> Finding | None:
    """What the BMS itself complains about."""
    view = found.view
    if view is None:
        return None
    if not view.alarms:
        return good("alarms", "none")
    make = broken if max(severity for severity, _ in view.alarms) is Severity.ALARM else warning
    text = ", ".join(words for _, words in view.alarms)
    return make("alarms", text, "The BMS says so itself; its limits and switches are in the JK app")


CHECKS: tuple[Callable[[Examined], Finding | None], ...] = (
    running,
    disturbance,
    bank,
    port,
    wire,
    damage,
    firmware,
    readings,
    cells,
    temperatures,
    state_of_charge,
    chemistry,
    conflicts,
    limits,
    alarms,
)
