"""What a config.ini of dbus-serialbattery means here: every line has its fate, the result is a config.ini of ours."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from driver.__main__ import main
from driver.battery.settings import Control
from driver.config import Config, parse
from driver.migration import CANNOT, CURVES, NOT_NEEDED, SAME, Fate, Migration, translate, written

KNOWN = sorted(
    {*CANNOT, *NOT_NEEDED, *SAME, *(name for curve in CURVES for name in (*curve[:2], curve[3]))}
    | {"LOGGING", "BLOCK_ON_DISCONNECT", "BMS_TYPE", "CUSTOM_BATTERY_NAMES", "BLUETOOTH_BMS", "BATTERY_ADDRESSES"}
)
CHARGING = "CELL_VOLTAGES_WHILE_CHARGING = 3.55, 3.50, 3.45, 3.30\nMAX_CHARGE_CURRENT_CV_FRACTION = 0, 0.05, 0.5, 1\n"


def made(text: str) -> Config:
    return parse("new", "\n".join(written(translate(f"[DEFAULT]\n{text}".encode()))).encode())


def fate(text: str) -> tuple[Fate, str]:
    """Of the last line."""
    migration: Migration = translate(f"[DEFAULT]\n{text}".encode())
    return migration.fates[migration.lines[-1].number]


PORT = "CUSTOM_BATTERY_NAMES = /dev/ttyUSB0:House\n"


@pytest.mark.parametrize(
    ("line", "option", "value"),
    [
        ("MAX_BATTERY_CHARGE_CURRENT = 50.0", "max_charge_current", 50.0),
        ("MAX_BATTERY_DISCHARGE_CURRENT: 60", "max_discharge_current", 60.0),
        ("  max_cell_voltage = 3.450", "cell_charge_voltage", 3.45),
        ("FLOAT_CELL_VOLTAGE = 3.375", "cell_float_voltage", 3.375),
        ("BATTERY_CAPACITY = 280", "capacity", 280.0),
        ("POLL_INTERVAL = 5.0", "poll_interval", 5.0),
        ("BLOCK_ON_DISCONNECT = True", "ride_through", 0.0),
        ("BLOCK_ON_DISCONNECT = False", "ride_through", 1800.0),
        ("BLOCK_ON_DISCONNECT_TIMEOUT_MINUTES = 10", "ride_through", 600.0),
        ("BMS_TYPE = Jkbms", "protocol", "jk-uart"),
        ("BMS_TYPE = Jkbms_pb", "protocol", "jk-pb"),
        (CHARGING, "charge_by_high_cell", ((3.3, 1.0), (3.45, 0.5), (3.5, 0.05), (3.55, 0.0))),
        (f"CCCM_CV_ENABLE = False\n{CHARGING}", "charge_by_high_cell", None),
    ],
)
def test_what_a_line_becomes(line: str, option: str, value: object) -> None:
    config = made(PORT + line)
    assert config.problems == ()
    (battery,) = config.batteries.values()
    assert getattr(battery, option) == value
    assert (battery.port, battery.name) == ("/dev/ttyUSB0", "House")


def test_every_battery_is_a_shadow() -> None:
    config = made("BLUETOOTH_BMS = Jkbms_Ble C8:47:80:12:34:56, Jkbms_Ble c8:47:80:12:34:57\nLOGGING = DEBUG\n" + PORT)
    assert config.problems == ()
    assert [battery.port for battery in config.batteries.values()] == [
        "/dev/ttyUSB0", "C8:47:80:12:34:56", "C8:47:80:12:34:57",
    ]  # fmt: skip
    assert {battery.control for battery in config.batteries.values()} == {Control.NO}
    assert config.driver.log_level == 10


def test_packs_on_a_bus_want_a_port() -> None:
    text = "\n".join(written(translate(b"BATTERY_ADDRESSES = 0x01, 0x02")))
    filled = parse("new", text.replace("#port = /dev/serial/by-id/...", "port = /dev/ttyUSB0").encode())
    assert filled.problems == ()
    assert [(battery.protocol, battery.address) for battery in filled.batteries.values()] == [
        ("jk-pb", 1),
        ("jk-pb", 2),
    ]


@pytest.mark.parametrize(
    ("lines", "expected", "said"),
    [
        ("MAX_BATTERY_CHARGE_CURRENT = 6000", Fate.CANNOT, "0 to 1000"),
        ("MAX_CELL_VOLTAGE = nan", Fate.CANNOT, "expected a number"),
        ("MAX_CELL_VOLTAGE = much", Fate.CANNOT, "is no number"),
        ("MAX_CELL_VOLTAGE = 3.4\nFLOAT_CELL_VOLTAGE = 3.5", Fate.CANNOT, "cell_charge_voltage"),
        ("LOGGING = LOUD", Fate.CANNOT, "expected"),
        ("BMS_TYPE = Daly, Jkbms_pb, Jkbms", Fate.CANNOT, "protocol"),
        ("BLUETOOTH_BMS = Daly_Ble C8:47:80:12:34:56", Fate.CANNOT, "Daly_Ble"),
        ("CUSTOM_BATTERY_NAMES = House", Fate.CANNOT, "PORT:NAME"),
        ("BATTERY_ADDRESSES = one", Fate.CANNOT, "addresses"),
        ("TEMPERATURES_WHILE_CHARGING = 0, 5", Fate.CANNOT, "together"),
        ("CCCM_CV_ENABLE = False", Fate.CANNOT, "always"),
        ("CCCM_CV_ENABLE = True", Fate.NOT_NEEDED, "always"),
        ("EXCLUDED_DEVICES = /dev/ttyUSB4", Fate.NOT_NEEDED, "config.ini"),
        ("SOC_CALCULATION = True", Fate.CANNOT, "BMS"),
        ("SOMETHING_NEW = 1", Fate.UNKNOWN, "does not know"),
    ],
)
def test_what_a_line_does_not_become(lines: str, expected: Fate, said: str) -> None:
    found, reason = fate(lines)
    assert found is expected
    assert said in reason
    assert [problem.option for problem in made(lines).problems] in ([], ["port"])


def test_the_last_of_two_lines_holds() -> None:
    migration = translate(b"POLL_INTERVAL = 3\nPOLL_INTERVAL = 4")
    assert migration.fates[1] == (Fate.NOT_NEEDED, "line 2 sets it again")
    assert migration.common["poll_interval"] == ("4", 2)


def test_what_is_not_known_may_be_a_secret() -> None:
    assert "sesame" not in "\n".join(written(translate(b"MQTT_PASSWORD = sesame")))


@given(
    st.lists(st.tuples(st.sampled_from(KNOWN), st.text(max_size=40) | st.sampled_from(["1", "3.5, 3.4", "0, 1"])))
    | st.binary(max_size=300)
)
def test_nothing_that_is_in_a_file_breaks_it(lines: list[tuple[str, str]] | bytes) -> None:
    content = lines if isinstance(lines, bytes) else "\n".join(f"{name} = {value}" for name, value in lines).encode()
    migration = translate(content)
    assert set(migration.fates) == {line.number for line in migration.lines}
    config = parse("new", "\n".join(written(migration)).encode())
    assert {problem.option for problem in config.problems} <= {"port", "address", "name", "protocol", "baudrate", ""}
    assert all(battery.control is Control.NO for battery in config.batteries.values())


def test_the_command(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    old = tmp_path / "config.ini"
    old.write_text(f"[DEFAULT]\n{PORT}MAX_CELL_VOLTAGE = 3.45\n")
    assert main(["migrate", str(old)]) == 0
    said = capsys.readouterr()
    assert said.err == ""
    assert "# line 3, MAX_CELL_VOLTAGE = 3.45: translated, cell_charge_voltage = 3.45" in said.out
    old.write_text("[DEFAULT]\nNEW = 1\n")
    assert main(["migrate", str(old)]) == 1
    assert "1 lines were not translated, 1 batteries want a port" in capsys.readouterr().err
    assert main(["migrate", str(tmp_path / "nothing")]) == 2
