"""Udev rules as they stand in rules files, and whom they give a port to."""

from pathlib import Path

import pytest

from driver.link.udev import Device, parse, safe, service

# in the style of Venus OS's serial-starter.rules
RULES = r"""
# comment, ENV{VE_SERVICE}="comment"
ACTION=="remove", GOTO="end"
ACTION=="add", ENV{ID_BUS}=="usb", ENV{ID_MODEL}=="VE_Direct_cable", ENV{VE_SERVICE}="vedirect"
ACTION=="add", ENV{ID_BUS}=="usb", ENV{ID_MODEL}=="MK3-USB_Interface*|MK2-USB*", \
    ENV{VE_SERVICE}="mkx"
ACTION=="add", ENV{ID_BUS}=="usb", ATTRS{idVendor}=="0403", ATTRS{idProduct}=="6001", ENV{VE_SERVICE}="rs485:default"
ACTION=="add", ENV{ID_BUS}=="usb", ENV{ID_VENDOR_ID}=="1546", ENV{ID_MODEL_ID}=="01a[78]", ENV{VE_SERVICE}="gps"
ACTION=="add", ENV{ID_USB_DRIVER}=="cp210x", ENV{ID_SERIAL_SHORT}!="0001", ENV{VE_SERVICE}="imt"
ENV{VE_SERVICE}=="rs485*", ENV{ID_SERIAL_SHORT}=="MINE", ENV{VE_SERVICE}="ignore"
LABEL="end"
"""


def device(tmp_path: Path, vendor: str = "1a86", product: str = "7523", **properties: str) -> Device:
    usb = tmp_path / "usb"
    tty = usb / "tty" / "ttyUSB0"
    tty.mkdir(parents=True, exist_ok=True)
    (usb / "idVendor").write_text(f"{vendor}\n")
    (usb / "idProduct").write_text(f"{product}\n")
    (tty / "dev").write_text("188:0\n")
    return Device("ttyUSB0", (tty, *tty.parents), {"ID_BUS": "usb", **properties})


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({}, None),
        ({"ID_MODEL": "VE_Direct_cable"}, "vedirect"),
        ({"ID_MODEL": "MK3-USB_Interface_1"}, "mkx"),
        ({"ID_MODEL": "MK2-USB"}, "mkx"),
        ({"ID_MODEL": "VE_Direct_cable", "ID_BUS": "pci"}, None),
        ({"vendor": "0403", "product": "6001"}, "rs485:default"),
        ({"vendor": "0403", "product": "6015"}, None),
        ({"vendor": "0403", "product": "6001", "ID_SERIAL_SHORT": "MINE"}, None),
        ({"ID_VENDOR_ID": "1546", "ID_MODEL_ID": "01a8"}, "gps"),
        ({"ID_VENDOR_ID": "1546", "ID_MODEL_ID": "01a9"}, None),
        ({"ID_USB_DRIVER": "cp210x", "ID_SERIAL_SHORT": "77"}, "imt"),
        ({"ID_USB_DRIVER": "cp210x", "ID_SERIAL_SHORT": "0001"}, None),
    ],
)
def test_stock_like_rules(given: dict[str, str], expected: str | None, tmp_path: Path) -> None:
    assert service([parse(RULES)], device(tmp_path, **given)) == expected


def claimed(rules: str, tmp_path: Path, **given: str) -> str | None:
    return service([parse(rules)], device(tmp_path, **given))


def test_attributes_must_be_of_one_parent(tmp_path: Path) -> None:
    (tmp_path / "idVendor").write_text("1d6b")  # a hub above
    (tmp_path / "idProduct").write_text("0002")
    assert claimed('ATTRS{idVendor}=="1d6b", ATTRS{idProduct}=="7523", ENV{VE_SERVICE}="x"', tmp_path) is None
    assert claimed('ATTRS{idVendor}=="1d6b", ATTRS{idProduct}=="0002", ENV{VE_SERVICE}="x"', tmp_path) == "x"


def test_drivers_and_names_of_parents(tmp_path: Path) -> None:
    (tmp_path / "bus" / "ch341").mkdir(parents=True)
    found = device(tmp_path)
    (tmp_path / "usb" / "driver").symlink_to("../bus/ch341")
    assert service([parse('DRIVERS=="ch34?", KERNELS=="usb", ENV{VE_SERVICE}="x"')], found) == "x"
    assert claimed('DRIVERS=="pl2303", ENV{VE_SERVICE}="x"', tmp_path) is None


@pytest.mark.parametrize("condition", ['PROGRAM=="/bin/true"', 'RESULT=="x"', 'TEST=="/etc/x"', 'IMPORT{program}=="x"'])
def test_what_is_not_understood_claims_but_never_frees(condition: str, tmp_path: Path) -> None:
    assert claimed(f'{condition}, ENV{{VE_SERVICE}}="x"', tmp_path) == "x"
    rules = f'ENV{{VE_SERVICE}}="x"\n{condition}, ENV{{VE_SERVICE}}="ignore"'
    assert claimed(rules, tmp_path) == "x"


def test_the_last_rule_wins(tmp_path: Path) -> None:
    assert claimed('ENV{VE_SERVICE}="a"\nENV{VE_SERVICE}="b"', tmp_path) == "b"
    assert claimed('ENV{VE_SERVICE}="a"\nKERNEL=="ttyUSB*", ENV{VE_SERVICE}="ignore"', tmp_path) is None
    assert claimed('ENV{VE_SERVICE}="ignore"\nENV{VE_SERVICE}="b"', tmp_path) == "b"


def test_goto_leads_past_rules(tmp_path: Path) -> None:
    rules = 'SUBSYSTEM=="tty", GOTO="out"\nENV{VE_SERVICE}="x"\nLABEL="out"\nENV{MINE}="1"'
    found = device(tmp_path)
    assert service([parse(rules)], found) is None
    assert found.properties["MINE"] == "1"
    assert claimed(rules.replace('"tty"', '"usb"'), tmp_path) == "x"


def test_a_property_of_a_rule_is_known_to_the_next(tmp_path: Path) -> None:
    assert claimed('KERNEL=="ttyUSB0", ENV{MINE}="yes"\nENV{MINE}=="yes", ENV{VE_SERVICE}="x"', tmp_path) == "x"
    assert claimed('ENV{MINE}!="yes", ENV{VE_SERVICE}="x"', tmp_path) == "x"


def test_own_attributes(tmp_path: Path) -> None:
    assert claimed('ATTR{dev}=="188:*", ENV{VE_SERVICE}="x"', tmp_path) == "x"
    assert claimed('ATTR{nothing}!="a", ENV{VE_SERVICE}="x"', tmp_path) is None


@pytest.mark.parametrize("text", ["", "\n\n# x", "garbage", 'ENV{VE_SERVICE}="', "\x00\xff", 'ENV{VE_SERVICE}=="x"'])
def test_other_text_claims_nothing(text: str, tmp_path: Path) -> None:
    assert claimed(text, tmp_path) is None


def test_texts_as_udev_stores_them() -> None:
    assert safe("USB2.0-Ser!") == "USB2.0-Ser_"
    assert safe("  VE Direct  cable ") == "VE_Direct_cable"
