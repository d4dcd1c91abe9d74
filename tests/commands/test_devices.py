"""`devices`: the list stays true, and its claims name recordings that are there."""

import os
from pathlib import Path

import pytest

from driver.__main__ import main
from driver.devices import PROTOCOLS, Device, devices
from driver.protocol.dialect import dialect_names

DOCS = Path(__file__).parents[2] / "docs"
KNOWN = list(devices())


def test_the_document_is_what_the_command_prints(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["devices"]) == 0
    assert (DOCS / "devices.md").read_text() == capsys.readouterr().out


def test_every_protocol_can_be_named_in_config_ini() -> None:
    assert {protocol.name for protocol in PROTOCOLS.values()} == set(dialect_names()) - {"jk-pb-listen"}


def test_no_device_stands_twice() -> None:
    names = [(one.model, one.hardware.upper(), one.software.upper()) for one in KNOWN]
    assert len(set(names)) == len(names) == 86


@pytest.mark.parametrize("one", KNOWN, ids=lambda one: f"{one.model} {one.software}")
def test_a_recording_is_in_a_protocol_of_its_device(one: Device) -> None:
    assert one.protocols
    assert set(one.recorded) == {name for protocol in one.protocols for name in one.sets_of(protocol)}


@pytest.mark.parametrize("one", KNOWN, ids=lambda one: f"{one.model} {one.software}")
def test_the_columns_follow_the_software(one: Device) -> None:
    major = one.software.partition(".")[0]
    for name, columns in (("24S", range(4, 11)), ("32S", range(11, 20))):
        if PROTOCOLS[name] in one.protocols and major:
            assert int(major) in columns


@pytest.mark.recorded
@pytest.mark.skipif(not os.environ.get("JK_VECTORS"), reason="JK_VECTORS names no folder")
def test_every_claim_names_a_set_of_frames() -> None:
    there = {path.stem for path in Path(os.environ["JK_VECTORS"]).glob("*.json")}
    claimed = {name for one in KNOWN for name in one.recorded}
    assert claimed
    assert claimed <= there
