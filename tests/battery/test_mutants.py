"""Each small fault in the control is noticed by the fast tests, or stands here with the reason why it is none."""

import pytest

from tests.battery.mutation import is_noticed, mutants, without_fault

NOTICED_BY = {
    "limits": ("test_limits", "test_envelope"),
    "envelope": ("test_envelope", "test_limits", "test_certainty", "test_chemistry", "test_charging"),
    "loss": ("test_loss",),
    "curve": ("test_curve",),
    "chemistry": ("test_chemistry", "test_limits", "test_envelope", "test_charging"),
    "resistance": ("test_resistance",),
    "power_up": ("test_power_up",),
    "conflicts": ("test_conflicts",),
    "lead": ("test_lead",),
    "unheeded": ("test_unheeded",),
    "trim": ("test_trim",),
    "sensors": ("test_sensors",),
    "charging": ("test_charging_steps",),
    "charge_mode": ("test_charge_mode",),
    "discharging": ("test_discharging",),
    "history": ("test_history",),
    "announced": ("test_announced",),
    "changes": ("test_changes",),
    "liveness": ("test_liveness",),
    "certainty": ("test_certainty", "test_restart"),
    "easing": ("test_controller", "test_certainty"),
    "controller": (
        "test_controller_options",
        "test_certainty",
        "test_restart",
        "test_controller",
        "test_liveness",
        "test_announced",
        "test_history",
    ),
    "mean_current": ("test_mean_current",),
    "coulombs": ("test_coulombs",),
}
NOTHING_KNOWN = (
    "NOTHING_KNOWN = Extremes(highest_cell=99.0, lowest_cell=0.0, charge_blocked=True, discharge_blocked=True)"
)
SIGNATURE = (
    "self, settings: ChargeSettings, timing: Timing, started: float, memory: Memory | None = None, wall: float = 0.0"
)
EITHER = "to the last bit at the edge: either answer will do"
NO_FAULT: dict[str, dict[tuple[str, str], str]] = {
    "limits": {
        ("if ahead <= 0.0:", "LtE -> Lt"): "at 0 the cell that is ahead lowers the voltage by 0",
        ('share, reason = 1.0, "battery temperature"', "1.0 -> 1.1"): "the current itself is the first of the caps",
    },
    "envelope": {
        (
            "return protection > chemistry.value.protection_high",
            "Gt -> GtE",
        ): "where both are equal the line before ends",
        ("if wall <= row.band_low:", "LtE -> Lt"): EITHER,
    },
    "loss": {
        ("BUCKET = 10.0", "10.0 -> 9.0"): "how finely the minute is cut",
        ("BUCKET = 10.0", "10.0 -> 11.0"): "how finely the minute is cut",
        (
            "while self._buckets and now - self._buckets[0][0] > WINDOW + self.BUCKET:",
            "Gt -> GtE",
        ): "what the bucket holds is older than the minute then",
        (
            "if self._buckets and now - self._buckets[-1][0] < self.BUCKET:",
            "Lt -> LtE",
        ): "the last reading of the bucket still counts for a minute",
        ("for _, extremes in self._buckets[1:]:", "1 -> 0"): "the wider of one and itself",
        ("load = max(0.0, -(reading.current or 0.0))", "0.0 -> 1.0"): "1 A of charge is no load either",
        **dict.fromkeys(
            ((NOTHING_KNOWN, change) for change in ("99.0 -> 89.1", "99.0 -> 108.9", "99.0 -> 0.0", "0.0 -> 1.0")),
            "both sides are blocked, whatever the cells",
        ),
    },
    "liveness": {
        ("self.moved_at = 0.0  # monotonic s; a silent BMS was last heard then", "0.0 -> 1.0"): "set by the first tick",
        ("self._seen_at = 0.0", "0.0 -> 1.0"): "set by the first reading",
        ("if silence > reading.tick_period / 2:", "Gt -> GtE"): EITHER,
    },
    "conflicts": {
        ("elif start is not None and start > terms.target - LATE:", "Gt -> GtE"): EITHER,
    },
    "unheeded": {
        ("still: float = 0.0", "0.0 -> 1.0"): "counts from the first lowering",
        ("held = volts >= top - AT_CEILING * count", "GtE -> Gt"): EITHER,
    },
    "trim": {
        ("still: float = 0.0", "0.0 -> 1.0"): "counts from the first trim",
        ("follows = abs(current - allowed * (1 - share)) <= little", "LtE -> Lt"): EITHER,
    },
    "sensors": {
        ("self._missing_for = 0.0  # s", "0.0 -> 1.0"): "set by the first reading, which no sensor is missing from",
        (
            "if mos is None or None in temperatures or len(temperatures) < len(self._temperatures):",
            "Lt -> LtE",
        ): "spares the closer look, which finds nothing",
    },
    "charging": {
        ("share: float = 1.0", "1.0 -> 1.1"): "no share of the first reading is above either",
        ("still: float = 0.0", "0.0 -> 1.0"): "counts from the first reading",
        ("self._said_for = 0.0  # s", "0.0 -> 1.0"): "begun anew by the first reason",
        ("if ceiling < voltage.value:", "Lt -> LtE"): EITHER,
        (
            "if share <= held.share or still >= CURRENT_HOLD or highest - drop <= terms.target - CLEAR:",
            "LtE -> Lt",
        ): "an equal share is the one that is held; " + EITHER,
        (
            "ceiling = self._unheeded.take(now.cells, now.current or 0.0, charge.value, resistance, elapsed)",
            "0.0 -> 1.0",
        ): "1 A is heeded by whatever is allowed",
        (
            "told = self._trim.take(now.current or 0.0, charge.value, elapsed)",
            "0.0 -> 1.0",
        ): "1 A is not too much of whatever is allowed",
        (
            "return Limit(voltage, self._say(reasons, lowered > 0, elapsed))",
            "Gt -> LtE",
        ): "what is told changes at the same moments",
    },
    "charge_mode": {
        ("return max(now.cells) >= terms.target - TOP", "GtE -> Gt"): EITHER,
        (
            'return "cells at rest below the voltage of a full battery" if rest < terms.recharge_voltage else ""',
            "Lt -> LtE",
        ): EITHER,
        ("if short > 0", "Gt -> GtE"): EITHER,
        ("level=state.level + (elapsed if _short(now, drop, terms) <= 0 else 0.0),", "LtE -> Lt"): EITHER,
    },
    "history": {
        (
            "return known if least is None or (known is not None and known <= least) else least",
            "LtE -> Lt",
        ): "the same value",
        (
            "return known if most is None or (known is not None and known >= most) else most",
            "GtE -> Gt",
        ): "the same value",
    },
    "discharging": {
        (
            "self._near_for = self._near_for + elapsed if lowest <= terms.cut_off + NEAR else 0.0",
            "LtE -> Lt",
        ): EITHER,
    },
    "coulombs": {
        ("since_full: float = 0.0  # s", "0.0 -> 1.0"): "counts from the first full charge",
        (
            "off = count.off + INEXACT * abs(moved) + (AFTER_SILENCE if silence > COUNTED else 0.0)",
            "Gt -> GtE",
        ): EITHER,
    },
    "resistance": {
        ("if PLAUSIBLE[0] <= found <= PLAUSIBLE[1]:", "LtE -> Lt"): EITHER,
    },
    "easing": {
        ("if room <= 0:", "LtE -> Lt"): "no room: the value is the same, and the dead band hands on its reason",
        ("if room <= dead_band:", "LtE -> Lt"): EITHER,
        (
            'return wanted if room <= step else Limit(before.value + step, f"rising slowly; then {wanted.reason}")',
            "LtE -> Lt",
        ): "the same value",
    },
    "controller": {
        (
            SIGNATURE,
            "0.0 -> 1.0",
        ): "a second after 1970 the clock is not set either",
    },
}


@pytest.mark.parametrize("module", NOTICED_BY)
def test_every_mutant_is_noticed(module: str) -> None:
    assert not is_noticed(without_fault(module), module, NOTICED_BY[module]), "a test fails without any fault"
    survivors = {mutant.name for mutant in mutants(module) if not is_noticed(mutant.code, module, NOTICED_BY[module])}
    listed = set(NO_FAULT.get(module, {}))
    assert sorted(survivors - listed) == []
    assert sorted(listed - survivors) == [], "listed, but noticed"
