"""What `check` says about the batteries and the charge control of the GX, as D-Bus shows them.

Sources: Venus OS 3.60 to 3.80, systemcalc (batteryservice.py, dvcc.py).
"""

from collections import defaultdict

from .check_system import ANSWER, BATTERY, BMS_INSTANCE, VOLTAGE_SENSE, System, value
from .findings import Finding, broken, good, warning

OURS = f"{BATTERY}jk_"  # so names of ours begin
NONE, AUTOMATIC = -255, -1  # values of BMS_INSTANCE
SENSE_ON = (1, 3)  # of VOLTAGE_SENSE: by the owner; by a battery that demands it
MENU = "Settings -> System setup -> Charge control"


def names(system: System) -> Finding | None:
    """Whether the names of our batteries are ours."""
    if len(system.drivers) > 1:
        pids = ", ".join(map(str, system.drivers))
        return broken(
            "D-Bus name",
            f"the driver runs {len(system.drivers)} times (processes {pids}): a name and a port serve one",
            "Stop those that you started yourself: kill, or svc -d /service/dbus-jkbms",
        )
    taken = [name for name, items in system.batteries.items() if name.startswith(OURS) and name not in system.ours]
    if taken:
        program = value(system.batteries[taken[0]], "/Mgmt/ProcessName") or "a program that does not answer"
        return broken("D-Bus name", f"{', '.join(taken)} belongs to {program}", "Stop that program")
    return good("D-Bus name", "nobody else uses those of this driver") if system.ours else None


def instances(system: System) -> Finding | None:
    """Whether each battery has a DeviceInstance of its own: of two with the same, Venus knows one."""
    owners = defaultdict(list)
    for name, items in system.batteries.items():
        if (instance := value(items, "/DeviceInstance")) is not None:
            owners[instance].append(name)
    if not owners:
        return None
    double = [f"{instance}: {' and '.join(sorted(who))}" for instance, who in sorted(owners.items()) if len(who) > 1]
    if double:
        return broken(
            "DeviceInstance",
            "\n".join(["the same for two batteries, of which Venus sees one", *double]),
            "Ours comes from localsettings and is free there: give the other driver's battery another one",
        )
    return good("DeviceInstance", ", ".join(map(str, sorted(owners))))


def other_bms(system: System) -> Finding | None:
    """Other batteries that set limits: Venus obeys one and combines none."""
    others = [
        name
        for name, items in system.batteries.items()
        if name not in system.ours and value(items, "/Info/MaxChargeVoltage") is not None
    ]
    if not others:
        return None
    return warning(
        "other BMS",
        f"{', '.join(others)} sets limits as well: the GX obeys one of all, and combines none",
        "Let one battery control: switch the other's limits off, or set control = no here",
    )


def controlling(system: System) -> Finding | None:
    """Whose limits the GX obeys."""
    if not system.calculated:
        return None
    active = value(system.calculated, "/ActiveBmsService")
    chosen = system.setup.get(BMS_INSTANCE)
    if chosen == NONE:
        return warning(
            "controlling BMS", "the GX is set to obey none", f"{MENU} -> Controlling BMS: automatic, or this battery"
        )
    if active in system.ours:
        return good("controlling BMS", f"{active}{' (automatic)' if chosen == AUTOMATIC else ''}")
    if active:
        return warning(
            "controlling BMS",
            f"{active}: its limits are obeyed, and none of this driver's",
            f"If it shall not be so: {MENU} -> Controlling BMS",
        )
    if any(value(items, "/Info/MaxChargeVoltage") is not None for items in system.ours.values()):
        set_to = "" if chosen in (None, AUTOMATIC) else f"; it is set to the device instance {chosen}"
        return warning(
            "controlling BMS",
            f"none, though a battery here sets limits{set_to}",
            f"{MENU} -> Controlling BMS: automatic",
        )
    return warning("controlling BMS", "none: no battery on D-Bus sets limits", "See control and limits, here")


def voltage_sense(system: System) -> Finding | None:
    """Whether chargers are told the voltage at the battery."""
    sense = system.setup.get(VOLTAGE_SENSE)
    if sense is None or not system.dvcc:
        return None
    if sense in SENSE_ON:
        return good("voltage sense", "shared (SVS): chargers and inverter go by the voltage at the battery")
    return warning(
        "voltage sense",
        "not shared (SVS is off): chargers go by the voltage at their own terminals, and charge late or too little",
        f"Switch it on: {MENU} -> SVS. It stays off after a battery of another make that had forced it off",
    )


def silent_services(system: System) -> Finding | None:
    """Battery services that hold up everybody who asks them."""
    silent = [name for name, items in system.batteries.items() if not items]
    if not silent:
        return None
    return warning(
        "other batteries",
        f"{', '.join(silent)} did not answer within {ANSWER:g} s",
        "Programs that ask it wait for it: restart that driver",
    )


CHECKS = (silent_services, names, instances, other_bms, controlling, voltage_sense)
