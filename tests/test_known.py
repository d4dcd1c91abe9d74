"""Which batteries this system has known: by place, by serial number, on shared ports."""

import json
from pathlib import Path

from driver.battery.memory import Memory
from driver.battery.reading import Identity
from driver.known import DAY, KnownBatteries
from driver.state_file import StateFile

NOW = 1.8e9  # Unix s
PORT = "/dev/ttyUSB0"


def identity(serial: str | None = None) -> Identity:
    return Identity(protocol="jk-pb", serial=serial)


def known(folder: Path, **heard: tuple[str, str, float]) -> KnownBatteries:
    """With entries: key = (place, origin of the key, s since it was heard)."""
    entries = {
        key: Memory(identity=identity(), cell_count=16, heard_at=NOW - age).to_json()
        | {"port": place, "origin": origin, "lasting": origin == "serial number"}
        for key, (place, origin, age) in heard.items()
    }
    path = folder / "state.json"
    path.write_text(json.dumps({"version": 1, "batteries": entries}))
    return KnownBatteries(StateFile(path))


def nothing() -> None:
    pass


def test_packs_on_a_shared_port_are_known_for_a_day(tmp_path: Path) -> None:
    found = known(
        tmp_path,
        A=(f"{PORT} address 3", "serial number", 60.0),
        B=(f"{PORT} address 1", "serial number", DAY - 60),
        C=(f"{PORT} address 2", "serial number", DAY + 60),
        D=("/dev/ttyUSB1 address 4", "serial number", 60.0),
        E=(PORT, "port", 60.0),
    )
    assert found.addresses(PORT, NOW) == [1, 3]
    assert found.ports() == [PORT]  # a place on a bus is no port to look at


def test_the_one_that_was_heard_last_holds_the_place(tmp_path: Path) -> None:
    found = known(tmp_path, OLD=(PORT, "serial number", 9e5), NEW=(PORT, "serial number", 60.0))
    before = found.on_port(PORT, None, nothing)
    assert before is not None
    assert before.key.value == "NEW"


def test_a_pack_that_does_not_say_who_it_is_is_the_one_that_did(tmp_path: Path) -> None:
    place = f"{PORT} address 1"
    found = known(tmp_path, S1=(place, "serial number", 60.0))
    found.on_port(place, None, nothing)
    assert found.claim(None, identity(), place, nothing).value == "S1"
    assert found.claim(None, identity("S2"), place, nothing).value == "S2"
    assert found.claim("mine", identity(), place, nothing).value == "mine"


def test_but_not_when_that_one_is_somewhere_else_by_now(tmp_path: Path) -> None:
    here, there = f"{PORT} address 1", f"{PORT} address 2"
    found = known(tmp_path, S1=(here, "serial number", 60.0))
    assert found.claim(None, identity("S1"), there, nothing).value == "S1"
    key = found.claim(None, identity(), here, nothing)
    assert (key.value, key.lasting) == ("dev_ttyUSB0_address_1", False)


def test_a_bank_is_remembered_beside_its_batteries(tmp_path: Path) -> None:
    path = tmp_path / "state.json"
    known = KnownBatteries(StateFile(path))
    assert known.bank("cellar") == (None, frozenset())
    known.keep_bank("cellar", None, {"B2"})
    known.file.flush()
    again = KnownBatteries(StateFile(path))
    assert again.bank("cellar") == (None, {"B2"})
    assert again.ports() == []
    assert again.on_port("cellar", "bank cellar", lambda: None) is None
