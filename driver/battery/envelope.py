"""What owner, BMS and chemistry allow before the moment is looked at. Made anew only when one of them changes.

A battery whose chemistry, capacity or own limits are not certain has no envelope: it is published as a monitor, and
the text says which setting is missing. Nothing is guessed.
"""

from dataclasses import dataclass

from .chemistry import Chemistry
from .curve import Curve, inside
from .reading import Protections, Reading
from .settings import ChargeSettings

CHARGE_RATE, DISCHARGE_RATE = 0.5, 1.0  # C, without an owner's setting
FEED_IN_OFFSET = 0.4  # V per pack that Victron adds to the CVL while feeding in: victron.md B.4
RECHARGE_MARGIN = 0.050  # V below float: cells that rest at float are full
CELL_MARGIN = 0.020  # V per cell below the BMS's over-voltage protection, beside that offset
PLAUSIBLE_CAPACITY = (1.0, 5000.0)  # Ah
MOS_DERATING = 15.0  # °C below the MOSFETs' own protection at which the currents begin to fall
MOS_END = 90.0  # °C, where the BMS does not tell its own
TEMPERATURE_MARGIN = 5.0  # °C inside the BMS's temperature protections over which a current falls to 0
CELL_WALL = 0.010  # V below the BMS's over-voltage protection: no charge current from there on
CELL_WALL_MARGIN = 0.010  # V over which it falls
TAPER_BEGIN, TAPER_END, TAPER_SHARE = 0.050, 0.100, 0.3  # V below and above the target; share of the current at it


@dataclass(frozen=True, slots=True, kw_only=True)
class Envelope:
    """Bounds and curves for one battery. Shares are of the currents given here."""

    chemistry: Chemistry
    target: float  # V per cell
    target_reason: str
    float_voltage: float  # V per cell, once full
    recharge_voltage: float  # V per cell at rest below which a full battery has been used
    absorption_time: float  # s, the longest
    full_charge_interval: float  # s
    capacity: float | None  # Ah; None: not known
    charge_current: float  # A
    charge_reason: str
    discharge_current: float  # A
    discharge_reason: str
    cut_off: float  # V per cell, the BMS's under-voltage protection
    low_voltage: float  # V per pack
    charge_by_high_cell: Curve
    charge_by_low_cell: Curve
    discharge_by_low_cell: Curve
    charge_by_soc: Curve | None
    discharge_by_soc: Curve | None
    charge_by_temperature: Curve
    discharge_by_temperature: Curve
    by_mos_temperature: Curve


@dataclass(frozen=True, slots=True)
class Defaults:
    """Curves that suit a chemistry."""

    charge_by_low_cell: Curve
    discharge_by_low_cell: Curve
    charge_by_temperature: Curve
    discharge_by_temperature: Curve


_COLD_START: Curve = ((0.0, 0.0), (5.0, 0.2), (15.0, 1.0), (40.0, 1.0), (50.0, 0.0))  # plating below 0 °C
_WIDE: Curve = ((-20.0, 0.0), (0.0, 1.0), (45.0, 1.0), (60.0, 0.0))
_LTO: Curve = ((-30.0, 0.0), (-10.0, 1.0), (45.0, 1.0), (55.0, 0.0))
DEFAULTS = {
    Chemistry.LFP: Defaults(((2.60, 0.1), (2.90, 1.0)), ((2.80, 0.0), (3.05, 1.0)), _COLD_START, _WIDE),
    Chemistry.NMC: Defaults(((2.80, 0.1), (3.20, 1.0)), ((3.10, 0.0), (3.40, 1.0)), _COLD_START, _WIDE),
    Chemistry.LTO: Defaults(((1.70, 0.1), (1.90, 1.0)), ((1.80, 0.0), (2.00, 1.0)), _LTO, _LTO),
}


def recognise(now: Reading, wanted: Chemistry | None) -> Chemistry | str:
    """The chemistry of a battery, or what is needed to know it.

    Read from the BMS's cell over-voltage protection and confirmed by the cells; the BMS's own type field is known to
    lie. An owner's setting decides, unless the protection or the cells contradict it.
    """
    protection = now.protections.cell_over_voltage
    chemistry = wanted or (None if protection is None else _protected_as(protection))
    if chemistry is None:
        what = "does not tell its cell over-voltage protection" if protection is None else f"protects at {protection} V"
        return f"the BMS {what}, which fits no chemistry this driver knows: set chemistry"
    row = chemistry.value
    for number, volts in enumerate(now.cells, 1):
        if volts and not row.plausible_low <= volts <= row.plausible_high:
            return f"cell {number} with {volts} V is no {row.name} cell: {'correct' if wanted else 'set'} chemistry"
    return chemistry if any(now.cells) else "no cell has a voltage"


def _protected_as(protection: float) -> Chemistry | None:
    """The chemistry whose cells are protected at that voltage."""
    for chemistry in Chemistry:
        if chemistry.value.protection_low <= protection <= chemistry.value.protection_high:
            return chemistry
    return None


def _contradicts(protection: float, chemistry: Chemistry, wanted: Chemistry | None) -> bool:
    """Whether an over-voltage protection belongs to other cells; a careful one is the owner's right if he says so."""
    protected_as = _protected_as(protection)
    if wanted is None or protected_as is not None:
        return protected_as is not chemistry
    return protection > chemistry.value.protection_high


def envelope(now: Reading, chemistry: Chemistry, settings: ChargeSettings) -> Envelope | str:
    """The envelope, or which setting is missing."""
    protections = now.protections
    over, under = protections.cell_over_voltage, protections.cell_under_voltage
    if over is None or under is None:
        return "the BMS does not tell its cell voltage protections: monitoring only"
    if _contradicts(over, chemistry, settings.chemistry):
        return (
            f"the BMS's cell over-voltage protection of {over} V does not fit {chemistry.value.name} cells: "
            "correct it in the BMS, or chemistry in the settings"
        )
    if not 0 < under < over:
        return f"the BMS's cell protections contradict each other: {under} V and {over} V"
    capacity = settings.capacity or now.capacity
    share = settings.bms_share
    charge = _current("charge", settings.max_charge_current, protections.charge_current, share, CHARGE_RATE, capacity)
    discharge = _current(
        "discharge", settings.max_discharge_current, protections.discharge_current, share, DISCHARGE_RATE, capacity
    )
    for side in (charge, discharge):
        if isinstance(side, str):
            return side
    assert not isinstance(charge, str)
    assert not isinstance(discharge, str)
    target = _target(
        over, len(now.cells), chemistry, settings.cell_charge_voltage, protections.requested_charge_voltage
    )
    if isinstance(target, str):
        return target
    floating = _float(target[0], chemistry, settings.cell_float_voltage, protections.requested_float_voltage)
    if isinstance(floating, str):
        return floating
    own = DEFAULTS[chemistry]
    return Envelope(
        chemistry=chemistry,
        target=target[0],
        target_reason=target[1],
        float_voltage=floating,
        recharge_voltage=min(chemistry.value.recharge, floating - RECHARGE_MARGIN),
        absorption_time=settings.absorption_time,
        full_charge_interval=settings.full_charge_interval,
        capacity=capacity if _is_plausible(capacity) else None,
        charge_current=charge[0],
        charge_reason=charge[1],
        discharge_current=discharge[0],
        discharge_reason=discharge[1],
        cut_off=under,
        low_voltage=under * len(now.cells),
        charge_by_high_cell=inside(
            settings.charge_by_high_cell or _taper(target[0]), None, over - CELL_WALL, CELL_WALL_MARGIN
        ),
        charge_by_low_cell=settings.charge_by_low_cell or own.charge_by_low_cell,
        discharge_by_low_cell=settings.discharge_by_low_cell or own.discharge_by_low_cell,
        charge_by_soc=settings.charge_by_soc,
        discharge_by_soc=settings.discharge_by_soc,
        charge_by_temperature=inside(
            settings.charge_by_temperature or own.charge_by_temperature,
            protections.charge_under_temperature,
            protections.charge_over_temperature,
            TEMPERATURE_MARGIN,
        ),
        discharge_by_temperature=inside(
            settings.discharge_by_temperature or own.discharge_by_temperature,
            protections.discharge_under_temperature,
            protections.discharge_over_temperature,
            TEMPERATURE_MARGIN,
        ),
        by_mos_temperature=_mos_curve(protections),
    )


def _target(
    over: float, count: int, chemistry: Chemistry, wished: float | None, asked: float | None
) -> tuple[float, str] | str:
    """To which voltage a cell is charged and why not higher, or what is wrong.

    What the BMS asks chargers for (RCV) lowers the driver's own target; against an owner's setting it is a conflict.
    """
    row = chemistry.value
    if wished is not None and not row.band_low < wished <= row.plausible_high:
        return f"cell_charge_voltage of {wished} V does not fit {row.name} cells"
    wall = over - CELL_MARGIN - FEED_IN_OFFSET / count
    if wall <= row.band_low:
        return f"the BMS's cell over-voltage protection of {over} V leaves no room to charge {row.name} cells"
    caps = [(wished or row.charge, "charge voltage × cells"), (wall, "the BMS's over-voltage protection less a margin")]
    if wished is None and asked is not None and row.band_low < asked:
        caps.append((asked, "what the BMS asks for (RCV)"))
    return min(caps)


def _float(target: float, chemistry: Chemistry, wished: float | None, asked: float | None) -> float | str:
    """The voltage of a full cell, never above the target; what the BMS asks for (RFV) replaces the driver's own."""
    row = chemistry.value
    if wished is not None and not row.band_low < wished <= row.plausible_high:
        return f"cell_float_voltage of {wished} V does not fit {row.name} cells"
    usual = asked if asked is not None and asked >= row.rest else row.float_voltage
    return min(wished or usual, target)


def _is_plausible(capacity: float | None) -> bool:
    return capacity is not None and PLAUSIBLE_CAPACITY[0] <= capacity <= PLAUSIBLE_CAPACITY[1]


def _taper(target: float) -> Curve:
    return ((target - TAPER_BEGIN, 1.0), (target, TAPER_SHARE), (target + TAPER_END, 0.0))


def _mos_curve(protections: Protections) -> Curve:
    end = protections.mos_over_temperature or MOS_END
    return ((end - MOS_DERATING, 1.0), (end, 0.0))


def _current(
    side: str, wished: float | None, protection: float | None, share: float, rate: float, capacity: float | None
) -> tuple[float, str] | str:
    """The highest current of one side and its reason, or which setting is missing."""
    caps = []
    if protection is None and wished is None:
        return f"the BMS does not tell its own {side} current limit: set max_{side}_current"
    if protection is not None:
        caps.append((share * protection, f"{100 * share:g} % of the BMS's own limit"))
    if wished is not None:
        caps.append((wished, "setting"))
    elif capacity is not None and _is_plausible(capacity):
        caps.append((rate * capacity, f"{rate:g} C"))
    else:
        return f"the BMS tells no plausible capacity ({capacity} Ah): set capacity or max_{side}_current"
    return min(caps)
