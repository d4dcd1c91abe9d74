"""Documents of the protocols with fixed frames: what the command prints, complete, and nothing secret in them."""

from pathlib import Path

import pytest

from driver.__main__ import main
from driver.commands.layout_tables import LAYOUT_DOCUMENTS
from driver.protocol.jk02 import AlarmBits, CellInfo
from driver.protocol.jk02_device import DeviceInfo
from driver.protocol.layout import layout_of
from driver.protocol.registers import JK02_WRITES

DOCS = Path(__file__).parents[2] / "docs"


@pytest.mark.parametrize("name", LAYOUT_DOCUMENTS)
def test_the_document_is_what_the_command_prints(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["tables", name]) == 0
    assert (DOCS / f"protocol-{name}.md").read_text() == capsys.readouterr().out


@pytest.mark.parametrize("name", LAYOUT_DOCUMENTS)
def test_each_table_is_well_formed(name: str) -> None:
    columns = 0
    for line in LAYOUT_DOCUMENTS[name]():
        if not line.startswith("|"):
            columns = 0
            continue
        found = line.replace("\\|", "").count("|")
        assert columns in (0, found)
        columns = found


def test_every_field_has_a_line_with_both_its_offsets() -> None:
    text = "\n".join(LAYOUT_DOCUMENTS["jk02"]())
    old, new = (dict(table) for table in layout_of(CellInfo).rows)
    for name, row in new.items():
        first = str(old[name].place) if name in old else ""
        assert f"| {first} | {row.place} | `{name}` |" in text
    assert "| 118 | 150 | `voltage` | u32 / 1000 | V | the sum of the cells |" in text
    assert "| 6 | 6 | `cells` | 24 × u16 / 1000 or 32 × u16 / 1000 | V |" in text
    assert "| 130 | 162 | `temperature_1` | i16 / 10, -2000: none | °C |" in text


def test_secrets_are_named_and_said_to_be_such() -> None:
    text = "\n".join(LAYOUT_DOCUMENTS["jk02"]())
    secret = [name for name, row in layout_of(DeviceInfo).rows[1] if row.secret]
    assert secret == ["passcode", "user_data", "setup_passcode", "user_data_2"]
    for name in secret:
        assert f"`{name}` | 16 bytes |  | **secret**: never shown" in text


def test_every_alarm_bit_says_what_it_becomes() -> None:
    text = "\n".join(LAYOUT_DOCUMENTS["jk02"]())
    for bit in AlarmBits:
        assert f"| {int(bit).bit_length() - 1} | `{bit.name}` |" in text
    assert "| 19 | `FACTORY_PASSWORD` | information, no alarm |  |  | nothing |" in text
    assert "| 9 | `CHARGE_UNDER_TEMPERATURE` | battery too cold to charge | `/Alarms/LowChargeTemperature` |" in text


def test_what_could_be_written_is_listed_with_its_number_in_each_variant() -> None:
    text = "\n".join(LAYOUT_DOCUMENTS["jk02"]())
    for one in JK02_WRITES:
        assert f"`{one.name}`" in text
    assert "| `21` | `64` | `voltage_calibration` | u32 / 1000 | 1 to 200 V |" in text
    assert "|  | `65` | `shut down` | no value |" in text
