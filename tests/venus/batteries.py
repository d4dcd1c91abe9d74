"""A battery that says everything a reading can say, and moments of it."""

from dataclasses import replace
from typing import Any

from driver.battery.alarms import Alarm, Severity
from driver.battery.controller import Outcome
from driver.battery.limits import Limit, Limits
from driver.battery.loss import Presence
from driver.battery.reading import Identity, Protections, Reading
from driver.venus.paths import Facts, Moment

IDENTITY = Identity(
    protocol="jk-uart", model="JK-B2A8S20P", name="House", hardware="11.XW", software="11.26", serial="2040612345"
)
READING = Reading(
    identity=IDENTITY,
    protections=Protections(balance_start=3.0),
    voltage=26.416,
    current=-20.04,
    cells=(3.301, 3.302, 3.303, 3.299, 3.305, 3.302, 3.302, 3.302),
    soc=76.0,
    temperatures=(22.0, 23.0),
    mos_temperature=24.0,
    charge_mosfet_on=True,
    discharge_mosfet_on=True,
    balancing=True,
    balancing_cells=frozenset({5}),
    charge_switch=True,
    discharge_switch=True,
    balance_switch=True,
    capacity=280.0,
    remaining=212.8,
    cycles=12,
    charged_total=3456.7,
    soh=99.0,
)
LIMITS = Limits(
    Limit(27.6, "setting"), Limit(140.0, "0.5 C"), Limit(200.0, "BMS limit less 5 %"), Limit(22.4, "BMS protection")
)
FACTS = Facts(version="0.1.0", connection="JK UART-TTL ttyUSB0", key="2040612345")


def outcome(reading: Reading | None = READING, limits: Limits | None = LIMITS, **other: Any) -> Outcome:
    """What a controller says of `reading`; live and fresh, if not told otherwise."""
    fields = {
        "presence": Presence.LIVE,
        "since": 0.0,
        "identity": IDENTITY,
        "cell_count": len(READING.cells),
        "reading": reading,
        "fresh": reading is not None,
        "limits": limits,
        "cable_alarm": Severity.NONE,
        "explanation": "",
    }
    return Outcome(**(fields | other))


def moment(reading: Reading | None = READING, limits: Limits | None = LIMITS, **other: Any) -> Moment:
    return Moment(outcome=outcome(reading, limits, **other), facts=FACTS)


def reading(**other: Any) -> Reading:
    """`READING`, but for some fields."""
    return replace(READING, **other)


SAFE = {
    "presence": Presence.SAFE,
    "fresh": False,
    "cable_alarm": Severity.ALARM,
    "explanation": "BMS lost, charge and discharge stopped",
}
ALL_ALARMS = frozenset(Alarm)
