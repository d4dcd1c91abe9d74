"""config.ini: every mistake is found at once, with its place, and stops no more than it must."""

import argparse
import logging
from dataclasses import fields, replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from driver.bank_options import BankOptions
from driver.battery.chemistry import Chemistry
from driver.battery.identity import key
from driver.battery.reading import Identity
from driver.battery.settings import ChargeSettings, Control
from driver.commands import config as command
from driver.config import SIZE_LIMIT, Config, default_ini, load, parse
from driver.errors import ConfigError
from driver.option_rows import options
from driver.options import Battery, Driver, Ports

TOP = Path(__file__).parent.parent
A = "[battery a]\nport = /dev/ttyUSB0\n"
B = "[battery b]\nport = /dev/ttyUSB1\n"


def read(text: str | bytes) -> Config:
    return parse("x.ini", text if isinstance(text, bytes) else text.encode())


def problems(text: str | bytes) -> list[str]:
    return [str(problem) for problem in read(text).problems]


# --- what is obeyed


@pytest.mark.parametrize(
    "text", ["", "\n\n", "# nothing\r\n; nothing\r\n", "[driver]", b"\xef\xbb\xbf[driver]\nports =\n"]
)
def test_an_empty_file_looks_for_one_bms(text: str | bytes) -> None:
    assert read(text) == Config(driver=Driver(ports=Ports.AUTO), batteries={}, problems=(), stopped=())


def test_every_option_reaches_its_place() -> None:
    config = read(
        """
        [Driver]
        ports = none
        log_level = Debug
        [battery  house 1-b_]
        PORT = rfc2217://192.168.1.9:4001
        protocol = jk-uart
        baudrate = 9600
        poll_interval = 2.5
        id = house_1
        name = Haus = groß; # 1
        control = yes
        chemistry = NMC
        capacity = 280
        cell_charge_voltage = 4.1
        max_charge_current = 0
        max_discharge_current = 150
        ride_through = 1.5
        charge_by_high_cell = 4.0:1.0, 4.1:0.5,4.15:0
        charge_by_low_cell = 2.5:0.1, 2.9:1
        discharge_by_low_cell = 2.8:0.05, 3:1
        charge_by_temperature = 0:0, 15:1, 40:1, 50:0
        discharge_by_temperature = -20:0, 50:1
        """
    )
    assert config.problems == ()
    assert config.driver == Driver(ports=Ports.NONE, log_level=logging.DEBUG)
    assert list(config.batteries) == ["house 1-b_"]
    battery = config.batteries["house 1-b_"]
    assert (battery.port, battery.protocol, battery.baudrate) == ("rfc2217://192.168.1.9:4001", "jk-uart", 9600)
    assert (battery.poll_interval, battery.id, battery.name) == (2.5, "house_1", "Haus = groß; # 1")
    assert battery.charge_settings() == ChargeSettings(
        control=Control.YES,
        chemistry=Chemistry.NMC,
        capacity=280,
        cell_charge_voltage=4.1,
        max_charge_current=0,
        max_discharge_current=150,
        ride_through=90,
        charge_by_high_cell=((4.0, 1.0), (4.1, 0.5), (4.15, 0.0)),
        charge_by_low_cell=((2.5, 0.1), (2.9, 1.0)),
        discharge_by_low_cell=((2.8, 0.05), (3.0, 1.0)),
        charge_by_temperature=((0.0, 0.0), (15.0, 1.0), (40.0, 1.0), (50.0, 0.0)),
        discharge_by_temperature=((-20.0, 0.0), (50.0, 1.0)),
    )


def test_a_battery_with_nothing_but_a_port_has_the_controllers_defaults() -> None:
    assert read(A).batteries == {"a": Battery(port="/dev/ttyUSB0")}
    assert Battery().charge_settings() == ChargeSettings()


def test_every_charge_setting_is_an_option() -> None:
    assert {field.name for field in fields(ChargeSettings)} <= {name for name, _, _ in options(Battery)}


@pytest.mark.parametrize(
    ("text", "ports"),
    [
        ("", Ports.AUTO),
        ("[driver]\nports = none", Ports.NONE),
        ("[driver]\nlog_level = deubg", Ports.AUTO),  # says nothing about ports
        ("[driver]\nports = atuo", Ports.NONE),
        ("[driver]\nprots = none", Ports.NONE),
        (A, Ports.NONE),
        (A + "[driver]\nports = auto", Ports.AUTO),
        (A + "port = /dev/x\n[driver]\nports = auto", Ports.NONE),
        ("[batery a]\nport = /dev/ttyUSB0", Ports.NONE),
        ("port = /dev/ttyUSB0", Ports.NONE),
    ],
)
def test_ports_without_a_name_are_opened_only_in_a_file_without_doubt(text: str, ports: Ports) -> None:
    assert read(text).driver.ports is ports


def test_ports_auto_that_is_not_obeyed_is_said() -> None:
    assert problems("[driver]\nports = auto\n[chrage]") == [
        "x.ini:2: [driver] ports = 'auto': not obeyed while the file has other problems",
        "x.ini:3: [chrage] is no section; there are [driver], [battery NAME] and [bank NAME]",
    ]


# --- what is wrong with one line


PORT_EXPECTED = (
    "expected a path like /dev/ttyUSB0, socket://HOST:PORT, rfc2217://HOST:PORT, a Bluetooth address or ble:NAME"
)
NAME_EXPECTED = "expected letters, digits, spaces, _ and -; the option name takes other characters too"
CURVE_EXPECTED = "expected pairs V:SHARE like 3.40:1.0, 3.55:0.0 (V rising, 1 to 5; SHARE 0 to 1)"
RATES = "1200, 2400, 4800, 9600, 19200, 38400, 57600, 115200 or 230400"
TARGETS = "lfp 3.30 to 3.65 V, nmc 3.70 to 4.25 V, lto 2.30 to 2.80 V"
AMPERES = "expected a number from 0 to 1000, in A"


@pytest.mark.parametrize(
    ("line", "problem"),
    [
        ("max_charge_curent = 20", "max_charge_curent is no option; did you mean max_charge_current?"),
        ("max_charge_current = 50 A", f"max_charge_current = '50 A': {AMPERES}; did you mean 50?"),
        ("max_charge_current = 50,5", f"max_charge_current = '50,5': {AMPERES}; did you mean 50.5?"),
        ("max_charge_current = 50 # amps", f"max_charge_current = '50 # amps': {AMPERES}; did you mean 50?"),
        ("max_charge_current = -1", f"max_charge_current = '-1': {AMPERES}"),
        ("max_charge_current = nan", f"max_charge_current = 'nan': {AMPERES}"),
        ("max_charge_current = inf", f"max_charge_current = 'inf': {AMPERES}"),
        ("max_charge_current = " + "9" * 400, f"max_charge_current = '{'9' * 57}...': {AMPERES}"),
        ("poll_interval = 0.9", "poll_interval = '0.9': expected a number from 1 to 60, in s"),
        ("ride_through = 1441", "ride_through = '1441': expected a number from 0 to 1440, in min"),
        ("chemistry = nmcc", "chemistry = 'nmcc': expected lfp, nmc or lto; did you mean nmc?"),
        ("control = true", "control = 'true': expected auto, yes or no"),
        ("baudrate = 115", f"baudrate = '115': expected {RATES}; did you mean 115200?"),
        ("id = häuschen", "id = 'häuschen': expected at most 32 letters, digits and _"),
        ("name = " + "x" * 33, f"name = '{'x' * 33}': expected at most 32 printable characters"),
        ("name = a\x1bb", "name = 'a\\x1bb': expected at most 32 printable characters"),
        ("\x1b = 5", "\\x1b is no option; there are"),
        ("cell_charge_voltage = 3.0", f"cell_charge_voltage = '3.0': must fit the chemistry: {TARGETS}"),
        ("charge_by_high_cell = 3.40", f"charge_by_high_cell = '3.40': {CURVE_EXPECTED}"),
        ("charge_by_high_cell = 3.5:0", f"charge_by_high_cell = '3.5:0': {CURVE_EXPECTED}"),
        ("charge_by_high_cell = 3.5:1, 3.5:0", f"charge_by_high_cell = '3.5:1, 3.5:0': {CURVE_EXPECTED}"),
        ("charge_by_high_cell = 3.4:1.1, 3.5:0", f"charge_by_high_cell = '3.4:1.1, 3.5:0': {CURVE_EXPECTED}"),
        ("charge_by_high_cell = 3.4:nan, 3.5:0", f"charge_by_high_cell = '3.4:nan, 3.5:0': {CURVE_EXPECTED}"),
        ("charge_by_high_cell = nan:1, 3.5:0", f"charge_by_high_cell = 'nan:1, 3.5:0': {CURVE_EXPECTED}"),
        ("charge_by_high_cell = 340:1, 350:0", f"charge_by_high_cell = '340:1, 350:0': {CURVE_EXPECTED}"),
        ("charge_by_high_cell = 3.4:1, 3.5:0.5", "charge_by_high_cell = '3.4:1, 3.5:0.5': the share must fall"),
        ("charge_by_high_cell = 3.3:0, 3.4:1, 3.5:0", "charge_by_high_cell = '3.3:0, 3.4:1, 3.5:0': the share"),
        ("charge_by_low_cell = 2.5:1, 2.9:0.1", "charge_by_low_cell = '2.5:1, 2.9:0.1': the share must not fall as"),
        ("discharge_by_low_cell = 2.5:1, 3:0", "discharge_by_low_cell = '2.5:1, 3:0': the share must not fall as"),
        ("charge_by_temperature = 0:1, 9:0, 20:1", "charge_by_temperature = '0:1, 9:0, 20:1': the share must"),
        ("discharge_by_temperature = 0:1, 9:0, 20:1", "discharge_by_temperature = '0:1, 9:0, 20:1': the share must"),
        ("port = /dev/ttyUSB1", "port = '/dev/ttyUSB1': given a second time; the first is in line 2"),
        ("garbage", "'garbage': expected OPTION = VALUE, or # before a comment"),
        ("= 5", "'= 5': expected OPTION = VALUE, or # before a comment"),
        ("[battery a]", "stands here a second time; the first is in line 1"),
    ],
)  # fmt: skip
def test_a_wrong_line_stops_its_battery_and_no_other(line: str, problem: str) -> None:
    config = read(f"{A}{line}\n{B}control = yes\n")
    [found] = config.problems
    assert str(found).startswith(f"x.ini:3: [battery a] {problem}")
    assert (list(config.batteries), config.stopped) == (["b"], ("battery a",))


@pytest.mark.parametrize(
    ("given_port", "meant"),
    [
        ("ttyUSB0", "; did you mean /dev/ttyUSB0?"),
        ("/dev/ttyUSB0 ; left one", "; did you mean /dev/ttyUSB0?"),
        ("socket://host", ""),
        ("http://host:80", ""),
    ],
)
def test_a_port_that_is_none_is_refused(given_port: str, meant: str) -> None:
    assert problems(f"[battery a]\nport = {given_port}") == [
        f"x.ini:2: [battery a] port = '{given_port}': {PORT_EXPECTED}{meant}"
    ]


@pytest.mark.parametrize(
    "port",
    [
        "/dev/serial/by-path/platform-fd500000.pcie-pci-0000:01:00.0-usb-0:1.2:1.0-port0",
        "socket://[fe80::1]:4001",
        "socket://192.168.1.9:4001",
        "rfc2217://adapter.local:4001?ign_set_control",
    ],
)
def test_every_kind_of_port_is_taken(port: str) -> None:
    assert read(f"[battery a]\nport = {port}").batteries["a"].place == port


def test_an_indented_line_is_an_option_of_its_own() -> None:
    config = read("[battery a]\nname = x\n  port = /dev/ttyUSB0\n")  # configparser would see one name of two lines
    assert config.batteries == {"a": Battery(port="/dev/ttyUSB0", name="x")}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("[batery b]", "x.ini:3: [batery b] is no section; did you mean [battery b]?"),
        ("[drivre]", "x.ini:3: [drivre] is no section; did you mean [driver]?"),
        ("[battery]", "x.ini:3: [battery] has no name; did you mean [battery house]?"),
        ("[battery b/c]", f"x.ini:3: [battery b/c] is no name: {NAME_EXPECTED}"),
        ("[battery b", "x.ini:3: [battery b] '[battery b': expected the section alone in its line"),
        ("[battery b] # two", "x.ini:3: [battery b] '[battery b] # two': expected the section alone in its line"),
        ("[]", "x.ini:3: [?] is no section; there are [driver], [battery NAME] and [bank NAME]"),
        ("[battery b]", "x.ini:3: [battery b] port is missing: it says where the BMS is connected"),
    ],
)  # fmt: skip
def test_a_wrong_section_leaves_the_others_running_but_gives_nobody_control(text: str, expected: str) -> None:
    config = read(A + text)
    assert expected in map(str, config.problems)
    assert "x.ini:1: [battery a] control is not set, and " in "\n".join(map(str, config.problems))
    assert config.batteries == {"a": Battery(port="/dev/ttyUSB0", control=Control.NO)}


def test_all_problems_are_reported_at_once_in_the_order_of_the_file() -> None:
    text = (
        "port = /dev/ttyUSB7\n[driver]\nlog_level = loud\n[battery a]\nprot = /dev/ttyUSB0\ncapacity = big\n"
        "chemistry = lfp\ncell_charge_voltage = 4.1\n[battery a]\ncapacity = 3\n[chrage]\nmax = 5\n"
    )
    assert [(one.line, one.section, one.option) for one in read(text).problems] == [
        (1, "", ""),
        (3, "driver", "log_level"),
        (4, "battery a", "port"),
        (5, "battery a", "prot"),
        (6, "battery a", "capacity"),
        (8, "battery a", "cell_charge_voltage"),
        (9, "battery a", ""),
        (10, "battery a", "capacity"),
        (11, "chrage", ""),
    ]


@pytest.mark.parametrize("chemistry", Chemistry)
def test_the_default_target_of_each_chemistry_may_be_set(chemistry: Chemistry) -> None:
    name, target = chemistry.name.lower(), chemistry.value.charge
    assert not problems(f"{A}chemistry = {name}\ncell_charge_voltage = {target}")


# --- several batteries


def test_the_later_of_two_batteries_at_one_port_is_stopped() -> None:
    config = read(A + "control = yes\n[battery b]\nname = B\nport = /dev/ttyUSB0\n" + B.replace("b]", "c]"))
    assert [str(one) for one in config.problems] == [
        "x.ini:6: [battery b] port = '/dev/ttyUSB0': [battery a] has the same"
    ]
    assert list(config.batteries) == ["a", "c"]


@pytest.fixture
def two_names(tmp_path: Path) -> tuple[str, str]:
    """A port, and another name for it."""
    device, name = tmp_path / "ttyUSB0", tmp_path / "usb-FTDI-if00-port0"
    device.touch()
    name.symlink_to(device)
    return str(name), str(device)


def test_one_port_under_two_names_is_one_port(two_names: tuple[str, str]) -> None:
    stable, device = two_names
    config = read(f"[battery a]\nport = {stable}\ncontrol = yes\n[battery b]\nport = {device}\n")
    [problem] = config.problems
    assert str(problem).startswith("x.ini:5: [battery b] port = ")
    assert str(problem).endswith(f": [battery a] has the same, there called {stable}")
    assert list(config.batteries) == ["a"]


def test_packs_of_one_bus_may_call_it_differently(two_names: tuple[str, str]) -> None:
    stable, device = two_names
    bus = "[battery {}]\nport = {}\nprotocol = jk-pb\naddress = {}\n"
    config = read(bus.format("a", stable, 1) + bus.format("b", device, 2))
    assert [battery.port for battery in config.batteries.values()] == [stable, stable]
    assert problems(bus.format("a", stable, 1) + "control = yes\n" + bus.format("b", device, 1)) == [
        "x.ini:9: [battery b] address = '1': [battery a] has the same"
    ]
    assert any(
        "is not that of [battery a]" in one
        for one in problems(bus.format("a", stable, 1) + bus.format("b", device, 2).replace("jk-pb", "jk-pb-listen"))
    )


def test_an_id_is_found_again_by_what_is_kept_of_it() -> None:
    [battery] = read(A + "id = _house_\n").batteries.values()
    assert battery.id == key(battery.id, Identity(protocol="jk-uart"), "", ()).value == "house"
    assert problems(A + "id = house\ncontrol = yes\n" + B + "id = _House\n") == [
        "x.ini:7: [battery b] id = '_House': [battery a] has the same"
    ]
    assert problems(A + "id = ___\n") == [
        "x.ini:3: [battery a] id = '___': expected at most 32 letters, digits and _, not only _"
    ]


def test_the_later_of_two_batteries_with_one_id_is_stopped() -> None:
    config = read(A + "id = House\ncontrol = yes\n" + B + "id = house\n")
    assert [str(one) for one in config.problems] == ["x.ini:7: [battery b] id = 'house': [battery a] has the same"]
    assert list(config.batteries) == ["a"]


def test_the_port_of_a_battery_that_does_not_run_is_free() -> None:
    config = read(A + "capacity = big\n" + A.replace("a]", "b]"))
    assert list(config.batteries) == ["b"]


def test_only_the_first_of_two_marked_batteries_controls() -> None:
    config = read(A + "control = yes\n" + B + "control = yes\n")
    [found] = map(str, config.problems)
    assert found.startswith("x.ini:6: [battery b] control = 'yes': only one battery can control, and [battery a] does")
    assert [battery.control for battery in config.batteries.values()] == [Control.YES, Control.NO]
    assert config.stopped == ()


def test_batteries_without_a_mark_are_left_to_the_driver() -> None:
    assert [battery.control for battery in read(A + B).batteries.values()] == [Control.AUTO, Control.AUTO]


# --- files that are none


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"\x7fELF\x02\x01\x00\x00", "is no text: expected a text file in UTF-8"),
        ("[driver]\n".encode("utf-16"), "is no text: expected a text file in UTF-8"),
        (b"#" * 10_000_000, "has more than 256 KiB: this is no configuration"),
        (b"garbage\n" * 200, "is this a configuration of dbus-jkbms?"),
    ],
)
def test_a_file_that_is_no_configuration_is_refused_as_a_whole(tmp_path: Path, content: bytes, reason: str) -> None:
    path = tmp_path / "config.ini"
    path.write_bytes(content)
    with pytest.raises(ConfigError) as caught:
        load(path)
    assert caught.value.source == str(path)
    assert caught.value.problems[0] == reason


@pytest.mark.parametrize(("name", "reason"), [("absent", "there is no such file"), (".", "is no file")])
def test_a_path_that_is_no_file_is_refused(tmp_path: Path, name: str, reason: str) -> None:
    with pytest.raises(ConfigError, match=reason):
        load(tmp_path / name)


def test_a_file_that_cannot_be_read_is_refused() -> None:
    with pytest.raises(ConfigError, match=r"cannot be read: .+"):
        load(Path("/proc/self/mem"))  # opens, and fails to read its first byte


def test_a_file_of_the_largest_size_is_read(tmp_path: Path) -> None:
    path = tmp_path / "config.ini"
    path.write_bytes(A.encode() + b"#" * (SIZE_LIMIT - len(A)))
    assert list(load(path).batteries) == ["a"]


def test_another_encoding_matters_in_values_and_not_in_comments() -> None:
    assert not problems("# für\n".encode("latin-1") + A.encode())
    config = read(A.encode() + "name = für\n".encode("latin-1"))
    assert [str(one) for one in config.problems] == [
        "x.ini:3: [battery a] 'name = f\ufffdr': save the file as UTF-8, this line is not"
    ]
    assert not config.batteries


@pytest.mark.parametrize("end", ["\r\n", "\r", "\n"])
def test_the_line_ends_of_every_system_are_understood(end: str) -> None:
    config = read(f"\ufeff{A}name = x\n".replace("\n", end))
    assert config.batteries == {"a": Battery(port="/dev/ttyUSB0", name="x")}


# --- whatever comes


@given(st.binary(max_size=2000))
@settings(deadline=None)
def test_arbitrary_bytes_never_crash(content: bytes) -> None:
    try:
        found = [str(one) for one in read(content).problems]
    except ConfigError as refused:
        found = [f"x.ini:{line}" for line in refused.problems[:1]]
    assert all(line.isprintable() and line.startswith("x.ini:") for line in found)


TEXT = st.text(st.characters(exclude_characters="\r\n\0", exclude_categories=["Cs"]), max_size=30)
NAMES = [name for name, _, _ in options(Battery) if name != "port"]
EXAMPLES = ["1", "2.5", "yes", "nmc", "4.1", "3.0", "3.4:1, 3.5:0", "0:0, 9:1", "0:1, 5:0, 9:1", "jk-uart", "9600"]
LINES = ["[driver]", "[battery a]", "[battery b", "[battery c]", "[]", "\x1b", "=", "# port = /dev/b", "id = x"]
LINES += ["ports = auto", "port = /dev/a", "port = /dev/b", "control = yes", "capacity = 0", "chemistry = nmc"]


@given(st.sampled_from(NAMES), TEXT | st.sampled_from(EXAMPLES))
@settings(deadline=None)
def test_each_wrong_value_is_named_with_line_section_and_option(name: str, value: str) -> None:
    config = read(f"[battery b]\nport = /dev/b\ncontrol = no\n[battery a]\nport = /dev/a\n# {value}\n{name} = {value}")
    places = [(one.line, one.section, one.option) for one in config.problems]
    assert places == ([] if "a" in config.batteries else [(7, "battery a", name)])
    assert "b" in config.batteries


@given(st.lists(st.sampled_from(LINES), max_size=25))
@settings(deadline=None)
def test_what_runs_is_consistent_whatever_the_lines(lines: list[str]) -> None:
    config = read("\n".join(lines))
    running = list(config.batteries.values())
    assert not {f"battery {name}" for name in config.batteries} & set(config.stopped)
    assert len({battery.port for battery in running}) == len(running)
    assert sum(battery.control is Control.YES for battery in running) <= 1
    assert config.driver.ports is Ports.NONE or not config.problems
    assert not config.stopped or config.problems


# --- the file we ship


def test_the_shipped_file_is_the_generated_one() -> None:
    assert (TOP / "config.ini").read_text(encoding="utf-8") == default_ini()


def test_the_default_file_changes_nothing() -> None:
    assert read(default_ini()) == read("")


def test_every_example_of_the_default_file_is_right() -> None:
    lines = default_ini().splitlines()
    text = "\n".join(line[1:] if line.startswith("#") and line[1:2] not in ("", " ") else line for line in lines)
    text = text.replace("packs = house 1, house 2", "packs = NAME")
    config = read(text.replace("protocol = jk-uart", "protocol = jk-pb"))  # an address needs a bus
    assert config.problems == ()
    assert config.batteries["NAME"].ride_through == Battery().ride_through
    shown = {name for name, _, _ in (*options(Driver), *options(Battery), *options(BankOptions))}
    assert {line.partition(" ")[0].lstrip("#") for line in lines if " = " in line} == shown


def test_an_owner_meets_no_more_than_fifteen_options() -> None:
    rows = [row for _, row, _ in options(Battery)]
    curves = next(index for index, row in enumerate(rows) if row.heading)
    assert curves <= 15
    assert all(row.doc.endswith(".") for row in rows)


# --- Bluetooth


@pytest.mark.parametrize("given_port", ["C8:47:80:12:34:56", "c8:47:80:12:34:56", "ble:JK_PB2A16S20P", "ble:my pack"])
def test_a_bluetooth_port_speaks_jk_ble(given_port: str) -> None:
    battery = read(f"[battery a]\nport = {given_port}").batteries["a"]
    assert battery.bluetooth
    assert battery.protocol == "jk-ble"
    assert (battery.adapter, battery.pairing, battery.power_cycle) == ("auto", "no", True)


@pytest.mark.parametrize(
    ("lines", "problem"),
    [
        ("port = /dev/ttyUSB0\nprotocol = jk-ble", "protocol = 'jk-ble': jk-ble and neey are spoken over Bluetooth"),
        ("port = C8:47:80:12:34:56\nprotocol = jk-pb", "protocol = 'jk-pb': jk-ble and neey are spoken over Bluetooth"),
        ("port = /dev/ttyUSB0\nadapter = hci1", "adapter = 'hci1': is only for Bluetooth"),
        ("port = C8:47:80:12:34:56\nadapter = usb", "adapter = 'usb': expected auto, hci0, hci1"),
        ("port = C8:47:80:12:34:56\npairing = 1234", "pairing = ***: expected no, yes or a passkey of six digits"),
        ("port = C8:47:80:12:34", "port = 'C8:47:80:12:34': expected a path"),
    ],
)
def test_what_does_not_go_with_bluetooth(lines: str, problem: str) -> None:
    assert any(problem in one for one in problems(f"[battery a]\n{lines}"))


def test_an_address_is_one_place_however_it_is_written() -> None:
    found = problems("[battery a]\nport = C8:47:80:12:34:56\n[battery b]\nport = c8:47:80:12:34:56")
    assert any("[battery a] has the same" in one for one in found)


# --- the command


def run(*words: str) -> int:
    parser = argparse.ArgumentParser()
    command.add_arguments(parser)
    return command.run(parser.parse_args(words))


def test_the_command_prints_the_default_file(capsys: pytest.CaptureFixture[str]) -> None:
    assert run("--default") == 0
    assert capsys.readouterr().out == default_ini()


def test_the_command_finds_nothing_wrong(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "config.ini"
    path.write_text(A)
    assert run("--check", str(path)) == 0
    assert capsys.readouterr().out == f"{path}: no mistakes; 1 battery section(s), ports = none\n"


def test_the_command_prints_every_problem(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "config.ini"
    path.write_text("[battery a]\nprot = x\n")
    assert run("--check", str(path)) == 2
    assert capsys.readouterr().out.splitlines() == [
        f"{path}:1: [battery a] port is missing: it says where the BMS is connected",
        f"{path}:2: [battery a] prot is no option; did you mean port?",
        "[battery a] does not run until this is put right",
    ]


def test_the_command_refuses_what_is_no_file(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("--check", str(tmp_path / "absent")) == 2
    assert "there is no such file" in capsys.readouterr().out


def test_log_levels_are_those_of_logging() -> None:
    assert read("[driver]\nlog_level = warning").driver.log_level == logging.WARNING


# --- several batteries on one port

BUS = "[battery {name}]\nport = /dev/ttyUSB7\nprotocol = {protocol}\n{more}\n"


def on_bus(*sections: tuple[str, str], protocol: str = "jk-pb") -> str:
    return "".join(BUS.format(name=name, protocol=protocol, more=more) for name, more in sections)


def test_packs_share_a_port_with_different_addresses() -> None:
    config = read(on_bus(("a", "address = 1"), ("b", "address = 15"), ("rest", "")))
    assert config.problems == ()
    assert [battery.place for battery in config.batteries.values()] == [
        "/dev/ttyUSB7 address 1", "/dev/ttyUSB7 address 15", "/dev/ttyUSB7",
    ]  # fmt: skip
    assert [battery.every_pack for battery in config.batteries.values()] == [False, False, True]


def test_a_section_without_an_address_stands_for_each_pack() -> None:
    [bank] = read(on_bus(("bank", "id = b\nname = Bank\ncapacity = 100"))).batteries.values()
    third = bank.at(3)
    assert (third.address, third.id, third.name, third.capacity) == (3, "b_3", "Bank 3", 100)
    [plain] = read(on_bus(("bank", ""))).batteries.values()
    assert (plain.at(3).id, plain.at(3).name) == (None, None)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (on_bus(("a", "address = 1"), ("b", "address = 1")), "x.ini:8: [battery b] address = '1': [battery a] has the"),
        (on_bus(("a", ""), ("b", "")), "x.ini:6: [battery b] port = '/dev/ttyUSB7': [battery a] has the same"),
        (on_bus(("a", "address = 0")), "address = '0': 0 is the master of its bus, which asks by itself"),
        (on_bus(("a", "address = 16")), "address = '16': expected a whole number from 0 to 15"),
        (on_bus(("a", "address = 1.5")), "expected a whole number from 0 to 15"),
        (on_bus(("a", "address = 1"), protocol="jk-uart"), "address = '1': is only for jk-pb and jk-pb-listen"),
        (on_bus(("a", "control = yes")), "control = 'yes': this section stands for every pack on its bus"),
        (on_bus(("a", "control = yes"), protocol="jk-pb-listen"), "a pack that is only listened to cannot control"),
        (
            on_bus(("a", "address = 1")) + on_bus(("b", "address = 2"), protocol="jk-pb-listen"),
            "x.ini:7: [battery b] protocol is not that of [battery a], which is on the same port",
        ),
        (on_bus(("a", "address = 1")) + on_bus(("b", ""), protocol="jk-uart"), "protocol is not that of [battery a]"),
        (
            on_bus(("a", "address = 1\nbaudrate = 9600"), ("b", "address = 2")),
            "x.ini:6: [battery b] baudrate is not that of [battery a]",
        ),
    ],
)  # fmt: skip
def test_what_cannot_share_a_port(text: str, said: str) -> None:
    *_, problem = problems(text)  # before it: that the other one does not control
    assert said in problem


def test_what_is_only_listened_to_never_controls() -> None:
    [battery] = read(on_bus(("a", "address = 0"), protocol="jk-pb-listen")).batteries.values()
    assert battery.only_heard
    assert battery.control is Control.NO
    assert battery.rhythm > 7
    [battery] = read(on_bus(("a", "address = 1\npoll_interval = 3"))).batteries.values()
    assert (battery.only_heard, battery.control, battery.rhythm) == (False, Control.AUTO, 3)


def test_float_is_not_above_charge() -> None:
    assert problems(A + "cell_charge_voltage = 3.45\ncell_float_voltage = 3.45") == []
    [problem] = problems(A + "cell_charge_voltage = 3.45\ncell_float_voltage = 3.5")
    assert "cell_float_voltage = '3.5': must not be above cell_charge_voltage" in problem


def test_times_of_a_charge_are_given_in_hours_and_days() -> None:
    [battery] = read(A + "absorption_time = 2\nfull_charge_interval = 30").batteries.values()
    settings = battery.charge_settings()
    assert (settings.absorption_time, settings.full_charge_interval) == (7200, 30 * 86400)


TWO = "[battery a]\nport = /dev/a\n[battery b]\nport = /dev/b\n"


def test_a_bank_takes_all_packs_or_those_that_are_named() -> None:
    config = read(f"{TWO}[bank x]\nname = Both\nshow_packs = no\n")
    bank = config.banks["x"]
    assert (bank.named, bank.show_packs, bank.name) == ((), False, "Both")
    assert all(bank.has(name, battery) for name, battery in config.batteries.items())
    bank = read(f"{TWO}[bank x]\npacks = b , a\n").banks["x"]
    assert bank.named == ("b", "a")
    only = read(f"{TWO}[bank x]\npacks = b\n")
    assert [only.banks["x"].has(name, battery) for name, battery in only.batteries.items()] == [False, True]


def test_a_section_of_a_bus_brings_all_its_packs_into_the_bank() -> None:
    bus = Battery(port="/dev/a", protocol="jk-pb")
    bank = BankOptions(packs="a")
    assert bank.has("a 3", bus.at(3))
    assert not bank.has("b 3", bus.at(3))
    assert not BankOptions().has("a 3", replace(bus, protocol="jk-pb-listen").at(3))
    assert not BankOptions().has("a", Battery(port="/dev/a", control=Control.NO))


def test_a_bank_controls_and_no_pack_of_it() -> None:
    assert problems(f"{TWO}control = yes\n[bank x]\n") == [
        "x.ini:5: [battery b] control = 'yes': only one battery can control, and [bank x] does"
    ]
    config = read(f"{TWO}control = yes\n[bank x]\n")
    assert [battery.control for battery in config.batteries.values()] == [Control.AUTO, Control.AUTO]
    assert list(config.banks) == ["x"]


def test_a_bank_is_not_stopped_by_a_pack_that_does_not_run() -> None:
    config = read("[battery a]\nport = /dev/a\n[battery b]\nport = nonsense\n[bank x]\n")
    assert config.batteries["a"].control is Control.AUTO
    assert list(config.banks) == ["x"]


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("[bank x]\n[bank y]\n", "x.ini:6: [bank y] is one bank too many: [bank x] is the bank"),
        ("[bank x]\npacks = a, c\n", "x.ini:6: [bank x] packs there is no [battery c]"),
        ("[bank x]\npacks = a;b\n", "x.ini:6: [bank x] packs = 'a;b': expected names of [battery ...] sections"),
        ("id = q\n[bank x]\nid = Q\n", "x.ini:7: [bank x] id = 'Q': [battery b] has the same"),
        ("[bank]\n", "x.ini:5: [bank] has no name; did you mean [bank house]?"),
        ("[bank x]\npack = a\n", "x.ini:6: [bank x] pack is no option; did you mean packs?"),
    ],
)
def test_a_wrong_bank_is_said_and_does_not_control(text: str, problem: str) -> None:
    config = read(TWO + text)
    assert any(str(found).startswith(problem) for found in config.problems), [*map(str, config.problems)]
    assert "y" not in config.banks
    assert ("x" in config.banks) is ("too many" in problem)


@pytest.mark.parametrize(
    "lines",
    ["pairing = 482913x", "pairing = no\npairing = 482913", "pairing 482913", "pairing = 482913\xff", "[x] 482913"],
)
def test_a_passkey_is_in_no_problem(lines: str) -> None:
    found = problems(f"[battery a]\nport = C8:47:80:12:34:56\n{lines}\n")
    assert "482913" not in "".join(found)
