"""The live screen: what it shows, that it fits, and that it is the same through D-Bus."""

import re
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from driver.battery.alarms import Severity
from driver.battery.controller import Controller
from driver.battery.loss import Timing
from driver.battery.settings import ChargeSettings
from driver.commands.screen import HEIGHT, NARROWEST, WIDTH, Look, lines, summary
from driver.commands.view import ShownLimit, View
from driver.protocol.dialect import JkUart
from tests.commands.frames import FRAME

READING = JkUart().take(FRAME)
assert READING is not None
CONTROLLER = Controller(ChargeSettings(), Timing.wire(1.0), 0.0)
OUTCOME = CONTROLLER.take(READING, 0.0)
VIEW = View.of_outcome(OUTCOME, "house · ttyUSB0", 0.4, "link: 12 readings")
ESCAPE = re.compile(r"\x1b\[[0-9;]*m")


def text(view: View, **how: object) -> str:
    return "\n".join(lines(view, **how))  # type: ignore[arg-type]


def row(view: View, begins: str) -> str:
    return next(line for line in lines(view) if line.strip().startswith(begins))


@pytest.mark.parametrize(
    "shown",
    [
        "house · ttyUSB0 · JK_B2A20S20P 11.XW 11.26",
        "live, 0 s ago",
        "52.92 V   -12.50 A (discharging)   -662 W   280 Ah",
        " 64 % ",
        "16 cells 3.300 to 3.315 V, 15 mV apart, mean 3.30",
        "sensor 1 -4 °C   sensor 2 22 °C   MOSFETs 31 °C",
        "charging off (switched on)   discharging on   balancer off (switched on)",
        "alarms: battery too cold to charge",
        "charge current       0.00 A   BMS: battery too cold to charge",
        "low voltage         41.60 V",
        "link: 12 readings",
    ],
)
def test_everything_that_matters_is_on_it(shown: str) -> None:
    assert shown in text(VIEW)


def test_it_fits_the_smallest_terminal_and_uses_it() -> None:
    shown = lines(VIEW)
    assert len(shown) == HEIGHT
    assert max(map(len, shown)) <= WIDTH


@pytest.mark.parametrize("count", [1, 4, 8, 9, 16, 20, 21, 24, 32])
def test_every_cell_has_a_bar(count: int) -> None:
    cells = tuple(3.2 + n * 7 % count / 1000 for n in range(count))
    shown = lines(replace(VIEW, cells=cells))
    assert len(shown) <= HEIGHT
    for number, volts in enumerate(cells, 1):
        assert re.search(rf"(^| ){number:2} {volts:.3f} [ ▲▼]", "\n".join(shown), re.MULTILINE), number


def test_the_highest_and_the_lowest_cell_are_marked() -> None:
    shown = text(VIEW)
    assert re.findall(r"(\d+) (\d\.\d{3}) ▲", shown) == [("16", "3.315")]
    assert re.findall(r"(\d+) (\d\.\d{3}) ▼", shown) == [("1", "3.300")]


def test_a_higher_cell_never_has_a_shorter_bar() -> None:
    shown = text(VIEW)
    bars = {int(number): bar.count("█") for number, bar in re.findall(r"(\d+) 3\.\d{3} [ ▲▼][ b]([█·]+)", shown)}
    assert len(bars) == 16
    assert [bars[number] for number in sorted(bars)] == sorted(bars.values())


def test_equal_cells_have_no_marks() -> None:
    assert not set("▲▼") & set(text(replace(VIEW, cells=(3.3,) * 8)))


def test_a_cell_without_voltage_is_neither_lowest_nor_hidden() -> None:
    shown = text(replace(VIEW, cells=(3.3, 0.0, 3.31, None)))
    assert "2 0.000" in shown
    assert "4   -" in shown
    assert "4 cells 3.300 to 3.310 V" in shown


def test_balancing_cells_are_marked() -> None:
    assert re.search(r" 3 3\.302  b", text(replace(VIEW, balancing=frozenset({3}))))


def test_without_colour_there_is_no_escape() -> None:
    assert "\x1b" not in text(VIEW)
    coloured = text(VIEW, look=Look(colour=True))
    assert "\x1b[" in coloured
    assert ESCAPE.sub("", coloured) == text(VIEW)


def test_a_plain_terminal_gets_plain_signs() -> None:
    assert text(VIEW, look=Look(plain=True)).isascii()


def test_an_unheard_battery_says_so_without_old_numbers() -> None:
    silent = CONTROLLER.step(100.0)
    assert silent is not None
    shown = text(View.of_outcome(silent, "house", 100.0))
    assert "limp, 100 s ago" in shown
    assert "BMS silent" in shown
    assert "52.92" not in shown


def test_the_worst_alarm_comes_first_and_many_are_shortened() -> None:
    alarms = ((Severity.WARNING, "mild"), *((Severity.ALARM, f"alarm number {n}") for n in range(30)))
    shown = lines(replace(VIEW, alarms=alarms))
    assert row(replace(VIEW, alarms=alarms), "alarms:").startswith(" alarms: alarm number 0,")
    assert len(shown) <= HEIGHT


def test_text_of_others_cannot_steer_the_terminal() -> None:
    hostile = replace(VIEW, title="a\x1b[2Jb\nc", note="\x07d", link="\re")
    assert not any(set(line) & set("\x1b\n\r\x07") for line in lines(hostile))


views = st.builds(
    View,
    title=st.text(max_size=200),
    state=st.sampled_from(["live", "no reading yet", ""]),
    note=st.text(max_size=400),
    age=st.none() | st.floats(0, 1e9),
    voltage=st.none() | st.floats(0, 1000),
    current=st.none() | st.floats(-400, 400),
    power=st.none() | st.floats(-1e6, 1e6),
    soc=st.none() | st.floats(0, 100),
    capacity=st.none() | st.floats(0, 1e5),
    cells=st.lists(st.none() | st.floats(0, 9), max_size=32).map(tuple),
    balancing=st.frozensets(st.integers(1, 32)),
    temperatures=st.lists(st.tuples(st.text(max_size=20), st.none() | st.floats(-99, 999)), max_size=8).map(tuple),
    switches=st.lists(st.tuples(st.text(max_size=20), st.text(max_size=20)), max_size=5).map(tuple),
    alarms=st.lists(st.tuples(st.sampled_from(Severity), st.text(max_size=60)), max_size=20).map(tuple),
    limits=st.lists(
        st.builds(ShownLimit, st.text(max_size=20), st.floats(0, 1e4), st.sampled_from("VA"), st.text(max_size=120)),
        max_size=4,
    ).map(tuple),
    link=st.text(max_size=400),
)


@given(views, st.integers(1, 250), st.integers(5, 60))
def test_no_view_breaks_the_frame(view: View, width: int, height: int) -> None:
    shown = lines(view, width, height, Look(colour=True))
    assert len(shown) <= height
    assert all(len(ESCAPE.sub("", line)) <= max(width, NARROWEST) for line in shown)
    assert summary(view).isprintable()


def test_a_reading_alone_can_be_shown() -> None:
    assert READING is not None
    shown = text(View.of_reading(READING, "house"))
    assert "52.92 V" in shown
    assert "charge voltage" not in shown


def items(**more: object) -> dict[str, dict[str, object]]:
    values: dict[str, object] = {
        "/Mgmt/Connection": "JK UART-TTL (4E 57) ttyUSB0",
        "/ProductName": "JK_B2A20S20P",
        "/CustomName": "House",
        "/ConnectionInformation": "Connected",
        "/Dc/0/Voltage": 52.92,
        "/Dc/0/Current": -12.5,
        "/Dc/0/Power": -662.0,
        "/Soc": 64.0,
        "/InstalledCapacity": 280.0,
        "/Voltages/Cell1": 3.3,
        "/Voltages/Cell2": 3.31,
        "/Voltages/Cell3": 3.305,
        "/Balances/Cell1": 0,
        "/Balances/Cell2": 1,
        "/System/Temperature1": -4.0,
        "/System/Temperature2": 22.0,
        "/System/MOSTemperature": 31.0,
        "/Io/AllowToCharge": 0,
        "/Io/AllowToDischarge": 1,
        "/Alarms/BmsCable": 0,
        "/Alarms/LowChargeTemperature": 2,
        "/Alarms/HighTemperature": 0,
        "/Info/MaxChargeVoltage": 55.2,
        "/Info/MaxChargeCurrent": 0.0,
        "/Info/MaxDischargeCurrent": 114.0,
        "/Info/BatteryLowVoltage": 41.6,
        "/Info/ChargeMode": "charge voltage × cells",
        "/Info/ChargeLimitation": "BMS: battery too cold to charge",
    }
    return {path: {"Value": value} for path, value in (values | more).items()}


def test_d_bus_shows_the_same() -> None:
    view = View.of_items(items())
    shown = text(view)
    for part in (
        "House · JK UART-TTL (4E 57) ttyUSB0 · JK_B2A20S20P",
        "52.92 V   -12.50 A (discharging)   -662 W   280 Ah",
        "3 cells 3.300 to 3.310 V",
        " 2 3.310 ▲b",
        "sensor 1 -4 °C   sensor 2 22 °C   MOSFETs 31 °C",
        "charging off   discharging on",
        "alarms: battery too cold to charge",
        "charge current       0.00 A   BMS: battery too cold to charge",
        "discharge current  114.00 A",
    ):
        assert part in shown
    assert (view.state, view.well, view.note) == ("live", True, "")


def test_d_bus_without_the_bms() -> None:
    gone: dict[str, object] = {path: [] for path in items() if path.startswith(("/Dc", "/Soc", "/Voltages", "/System"))}
    lost = items(**gone, **{"/Alarms/BmsCable": 2, "/ConnectionInformation": "BMS lost, charge stopped"})
    view = View.of_items(lost)
    shown = text(view)
    assert (view.state, view.well) == ("lost", False)
    assert "alarms: BMS not heard" in shown
    assert "BMS lost, charge stopped" in shown
    assert "3.3" not in shown


def test_d_bus_values_in_variants_are_understood() -> None:
    class Variant:
        def __init__(self, value: object) -> None:
            self.value = value

    wrapped = {path: {"Value": Variant(item["Value"])} for path, item in items().items()}
    assert View.of_items(wrapped) == View.of_items(items())


def test_an_alarm_is_named_as_exactly_as_its_path_tells() -> None:
    raised = {"/Alarms/HighTemperature": 1, "/Alarms/LowSoc": 1, "/Alarms/Strange": 2}
    view = View.of_items({path: {"Value": level} for path, level in raised.items()})
    assert view.alarms == (
        (Severity.WARNING, "high temperature"),
        (Severity.WARNING, "state of charge low"),
        (Severity.ALARM, "strange"),
    )


def test_the_line_for_a_log_has_everything_once() -> None:
    assert summary(VIEW) == (
        "house · ttyUSB0 · JK_B2A20S20P 11.XW 11.26; live; 52.92 V; -12.50 A; 64 %; cells 3.300 to 3.315 V; "
        "charge voltage 55.2 V; charge current 0.0 A; discharge current 114.0 A; battery too cold to charge"
    )


def test_a_bank_shows_its_packs_and_its_extreme_cells() -> None:
    items = {
        "/Packs/1/Name": {"Value": "B1"},
        "/Packs/1/State": {"Value": "serves"},
        "/Packs/1/ChargeShare": {"Value": 70.0},
        "/Packs/1/DischargeShare": {"Value": 65.0},
        "/Packs/2/Name": {"Value": "B2"},
        "/Packs/2/State": {"Value": "is in maintenance"},
        "/Packs/2/ChargeShare": {"Value": []},
        "/System/MaxCellVoltage": {"Value": 3.345},
        "/System/MaxVoltageCellId": {"Value": "B1 C07"},
        "/System/MinCellVoltage": {"Value": []},
    }
    assert View.of_items(items).packs == (
        "B1 serves: 70 % of the charge, 65 % of the discharge",
        "B2 is in maintenance",
        "highest cell B1 C07 3.345 V",
    )
    assert "B2 is in maintenance" in text(View.of_items(items))
