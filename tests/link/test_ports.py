"""The ports of a made-up machine."""

import os
from pathlib import Path

import pytest

from driver.link.memory import MemoryLink, memory_pair
from driver.link.ports import (
    Adapter,
    Holder,
    Rejected,
    existing_ports,
    listen_first,
    usb_serial_adapters,
    who_has_open,
)
from driver.link.refusal import refusal
from driver.link.traffic import Traffic


class Machine:
    """/sys, /dev, /proc, /run and udev's rules in a directory."""

    def __init__(self, root: Path) -> None:
        self.root = root
        for name in ("sys/class/tty", "dev/serial/by-id", "proc/self", "run/udev/data", "rules"):
            (root / name).mkdir(parents=True)

    def plug(self, number: int, *, vendor: str = "1a86", model: str = "USB Serial", serial: str = "") -> str:
        """A USB adapter with one port; returns its device name."""
        name = f"ttyUSB{number}"
        usb = self.root / f"sys/devices/usb1/1-{number}"
        interface = usb / f"1-{number}:1.0"
        tty = interface / name / "tty" / name
        tty.mkdir(parents=True)
        attributes = {"idVendor": vendor, "idProduct": "7523", "manufacturer": "Maker", "product": model}
        for attribute, text in {**attributes, "serial": serial}.items():
            if text:
                (usb / attribute).write_text(f"{text}\n")
        (interface / "bInterfaceNumber").write_text("00\n")
        driver = self.root / "sys/bus/usb/drivers/ch341"
        driver.mkdir(parents=True, exist_ok=True)
        (interface / "driver").symlink_to(driver)
        (tty / "dev").write_text(f"188:{number}\n")
        (self.root / "sys/class/tty" / name).symlink_to(tty)
        device = self.root / "dev" / name
        device.touch()
        (self.root / f"dev/serial/by-id/usb-{model.replace(' ', '_')}_{number}").symlink_to(f"../../{name}")
        return str(device)

    def run(self, pid: int, *words: str, device: str = "/dev/null") -> None:
        process = self.root / "proc" / str(pid)
        (process / "fd").mkdir(parents=True)
        (process / "fd/3").symlink_to(device)
        (process / "fd/4").symlink_to("socket:[12345]")
        (process / "cmdline").write_text("\0".join(words) + "\0")

    def rule(self, text: str, name: str = "serial-starter.rules", directory: str = "rules") -> None:
        (self.root / directory).mkdir(exist_ok=True)
        (self.root / directory / name).write_text(text)

    def adapters(self, *rules: str) -> list[Adapter]:
        roots = {f"{name}_root": str(self.root / name) for name in ("sys", "dev", "proc", "run")}
        return usb_serial_adapters(**roots, udev_rules=[str(self.root / name) for name in rules or ("rules",)])


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    return Machine(tmp_path)


def test_an_adapter_as_it_is(machine: Machine) -> None:
    device = machine.plug(0, serial="A1")
    (adapter,) = machine.adapters()
    assert adapter.device == device
    assert adapter.by_id == f"{machine.root}/dev/serial/by-id/usb-USB_Serial_0"
    assert (adapter.product, adapter.serial, adapter.driver) == ("Maker USB Serial", "A1", "ch341")
    assert adapter.free


def test_a_machine_without_adapters(machine: Machine) -> None:
    console = machine.root / "sys/devices/virtual/tty/tty0"
    console.mkdir(parents=True)
    (machine.root / "sys/class/tty/tty0").symlink_to(console)
    assert machine.adapters() == []


def test_an_adapter_without_a_serial_number_or_name(machine: Machine) -> None:
    device = machine.plug(0)
    next((machine.root / "dev/serial/by-id").iterdir()).unlink()
    (adapter,) = machine.adapters()
    assert (adapter.device, adapter.serial, adapter.by_id) == (device, None, None)


def test_two_alike_are_told_apart_by_where_they_are_plugged_in(machine: Machine) -> None:
    for number in (0, 1):
        device = machine.plug(number)
        by_path = machine.root / f"dev/serial/by-path/pci-0-usb-0:{number}"
        by_path.parent.mkdir(exist_ok=True)
        by_path.symlink_to(device)
    (machine.root / "dev/serial/by-id/usb-USB_Serial_0").unlink()  # both have this name: the later one got it
    assert [adapter.port for adapter in machine.adapters()] == [
        f"{machine.root}/dev/serial/by-path/pci-0-usb-0:0",
        f"{machine.root}/dev/serial/by-id/usb-USB_Serial_1",
    ]


def test_one_that_is_just_being_pulled_out_is_left_out(machine: Machine) -> None:
    Path(machine.plug(0)).unlink()
    machine.plug(1)
    assert [Path(adapter.device).name for adapter in machine.adapters()] == ["ttyUSB1"]


def test_one_that_is_open_is_not_free(machine: Machine) -> None:
    device = machine.plug(0)
    machine.run(812, "/opt/victronenergy/vedirect-interface/vedirect-dbus", "-s", device, device=device)
    machine.run(90, "/usr/bin/python3", "-u", "/data/etc/x/dbus-meter.py", device, device=device)
    machine.run(7, "/sbin/init")
    (adapter,) = machine.adapters()
    assert adapter.holders == (Holder(90, "python3 dbus-meter.py"), Holder(812, "vedirect-dbus"))
    assert str(adapter.holders[1]) == "vedirect-dbus (pid 812)"
    assert not adapter.free


@pytest.mark.parametrize(
    "rule",
    [
        'ACTION=="add", ENV{ID_BUS}=="usb", ENV{ID_MODEL}=="USB_Serial", ENV{VE_SERVICE}="x"',
        'ENV{ID_VENDOR_ID}=="1a86", ENV{ID_MODEL_ID}=="7523", ENV{VE_SERVICE}="x"',
        'SUBSYSTEM=="tty", ATTRS{idVendor}=="1a86", ATTRS{idProduct}=="7523", ENV{VE_SERVICE}="x"',
        'ENV{ID_USB_DRIVER}=="ch341", ENV{ID_USB_INTERFACE_NUM}=="00", ENV{VE_SERVICE}="x"',
        'ENV{ID_SERIAL_SHORT}=="A1", ENV{ID_VENDOR}=="Mak*", ENV{VE_SERVICE}="x"',
        'ATTRS{idVendor}=="1d6b", ENV{VE_SERVICE}="x"',
    ],
)
def test_one_that_a_rule_claims_is_not_free(rule: str, machine: Machine) -> None:
    machine.plug(0, serial="A1")
    (machine.root / "sys/devices/usb1/idVendor").write_text("1d6b\n")
    machine.rule(rule)
    (adapter,) = machine.adapters()
    assert adapter.service == "x"
    assert not adapter.free


def test_ignore_frees(machine: Machine) -> None:
    machine.plug(0)
    machine.plug(1, vendor="0403")
    machine.rule('ENV{ID_BUS}=="usb", ENV{VE_SERVICE}="x"\nENV{ID_VENDOR_ID}=="1a86", ENV{VE_SERVICE}="ignore"')
    assert [adapter.free for adapter in machine.adapters()] == [True, False]


def test_what_udev_remembers_goes_before_the_rules(machine: Machine) -> None:
    machine.plug(0)
    machine.plug(1)
    machine.rule('ENV{VE_SERVICE}="rules"')
    (machine.root / "run/udev/data/c188:0").write_text("S:serial\nE:ID_BUS=usb\nE:VE_SERVICE=ignore\n")
    (machine.root / "run/udev/data/c188:1").write_text("E:VE_SERVICE=mkx\n")
    assert [adapter.service for adapter in machine.adapters()] == [None, "mkx"]


def test_properties_that_udev_remembers_decide(machine: Machine) -> None:
    machine.plug(0)
    machine.rule('ENV{ID_MODEL}=="Better", ENV{VE_SERVICE}="x"')
    assert machine.adapters()[0].service is None
    (machine.root / "run/udev/data/c188:0").write_text("E:ID_MODEL=Better\n")
    assert machine.adapters()[0].service == "x"


def test_rules_in_the_order_of_their_names_and_the_first_directory_wins(machine: Machine) -> None:
    machine.plug(0)
    machine.rule('ENV{VE_SERVICE}="late"', "90-late.rules", "image")
    machine.rule('ENV{VE_SERVICE}="early"', "10-early.rules", "etc")
    machine.rule('ENV{VE_SERVICE}="hidden"', "10-early.rules", "image2")
    assert machine.adapters("etc", "image", "missing")[0].service == "late"
    assert machine.adapters("etc", "image2")[0].service == "early"


def test_a_rejected_adapter_is_left_alone_until_it_is_plugged_in_anew(machine: Machine) -> None:
    device = Path(machine.plug(0))
    rejected = Rejected()
    (adapter,) = machine.adapters()
    assert adapter not in rejected
    rejected.add(adapter)
    assert machine.adapters()[0] in rejected
    device.rename(device.with_name("old"))  # so that its inode is not given to the new one
    device.touch()
    assert machine.adapters()[0] not in rejected


def test_stable_names_come_first(machine: Machine) -> None:
    machine.plug(1)
    machine.plug(0)
    (machine.root / "dev/ttyAMA0").touch()
    (machine.root / "dev/tty5").touch()
    names = [name.removeprefix(f"{machine.root}/dev/") for name in existing_ports(str(machine.root / "dev"))]
    stable = [f"serial/by-id/usb-USB_Serial_{number}" for number in (0, 1)]
    assert names == [*stable, "ttyAMA0", "ttyUSB0", "ttyUSB1"]


def refused(machine: Machine, port: str, number: int) -> str:
    error = OSError(number, os.strerror(number))
    return str(refusal(port, error, str(machine.root / "dev"), str(machine.root / "proc")))


def test_a_wrong_name_lists_what_there_is(machine: Machine) -> None:
    device = machine.plug(0)
    dev = machine.root / "dev"
    text = refused(machine, f"{dev}/ttyUSB9", 2)
    assert f"did you mean {device}?" in text
    assert text.endswith(f"this machine has {dev}/serial/by-id/usb-USB_Serial_0, {device}")
    assert f"did you mean {device}?" in refused(machine, "ttyUSB", 2)
    assert "did you mean" not in refused(machine, "/somewhere/else", 2)


def test_a_wrong_name_where_there_is_nothing(machine: Machine) -> None:
    assert "this machine has no serial port; plug the adapter in" in refused(machine, "/dev/ttyUSB0", 2)


def test_a_busy_port_names_who_has_it(machine: Machine) -> None:
    device = machine.plug(0)
    machine.run(812, "/opt/vedirect-dbus", device=device)
    assert "already open in vedirect-dbus (pid 812)" in refused(machine, device, 16)
    by_id = f"{machine.root}/dev/serial/by-id/usb-USB_Serial_0"
    assert "already open in vedirect-dbus (pid 812)" in refused(machine, by_id, 11)
    assert "already open in another process" in refused(machine, machine.plug(1), 16)


@pytest.mark.parametrize("number", [5, 6, 19])
def test_a_name_with_nothing_behind(number: int, machine: Machine) -> None:
    assert "no working device behind it" in refused(machine, machine.plug(0), number)


def test_who_has_a_real_file_open(tmp_path: Path) -> None:
    path = tmp_path / "file"
    with path.open("w"):
        (holder,) = who_has_open([str(path)])[str(path)]
        assert holder.pid == os.getpid()
    assert who_has_open([str(path)]) == {}


async def speaking(*chunks: bytes) -> tuple[MemoryLink, MemoryLink]:
    driver, device = memory_pair()
    await driver.open()
    await device.open()
    for chunk in chunks:
        await device.write(chunk)
    return driver, device


@pytest.mark.parametrize(
    ("chunks", "traffic"),
    [
        ((), Traffic.SILENT),
        ((b"\r\nPID\t0x203\r\nV\t26201\r\n", b"I\t0\r\nChecksum\t\xd8"), Traffic.VE_DIRECT),
        ((b"$GPGGA,123519,4807.038,N,,,,,,,,,,,*47\r\n",), Traffic.NMEA),
        ((b"\x12\x34",), Traffic.UNKNOWN),
        ((bytes(5000),), Traffic.UNKNOWN),
    ],
)
async def test_listening_sends_nothing(chunks: tuple[bytes, ...], traffic: Traffic) -> None:
    driver, device = await speaking(*chunks)
    heard = await listen_first(driver, 0.02)
    assert heard.traffic is traffic
    assert heard.data == b"".join(chunks)
    assert await device.read(0, 0.001) == b""
