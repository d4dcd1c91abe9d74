"""`tables`: generated documentation stays true, and complete."""

from pathlib import Path

import pytest

from driver.__main__ import main
from driver.battery.alarms import Alarm
from driver.commands.tables import DOCUMENTS
from driver.protocol.dialect import LISTENING, dialect_names
from driver.protocol.jkuart import AlarmBits, UartLive, UartSettings
from driver.protocol.jkuart_reading import ALARMS
from driver.protocol.rows import rows

DOCS = Path(__file__).parents[2] / "docs"


def test_the_document_is_what_the_command_prints(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["tables", "jk-uart"]) == 0
    assert (DOCS / "protocol-uart.md").read_text() == capsys.readouterr().out


def test_every_protocol_has_a_document() -> None:
    assert set(DOCUMENTS) >= set(dialect_names()) - LISTENING - {"jk-ble"}  # which is JK02 and JK04


def test_the_document_of_the_bus_is_what_the_command_prints(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["tables", "jk-pb"]) == 0
    shown = capsys.readouterr().out
    assert (DOCS / "protocol-jk-pb.md").read_text() == shown
    assert (
        "| `1620` | status | 2 `CELL_INFO` | `01 10 16 20 00 01 02 00 00 d6 f1` | `01 10 16 20 00 01 04 4b` |" in shown
    )


def test_every_register_has_a_line() -> None:
    text = "\n".join(DOCUMENTS["jk-uart"]())
    for record in (UartLive, UartSettings):
        for name, row in rows(record):
            assert f"| `{row.place:02X}` | `{name}`" in text
    assert "| `B2` | `password` | 10 bytes |  | **secret**: never shown" in text
    assert "| `83` | `total_voltage` * | u16 / 100 | V |" in text


def test_every_alarm_bit_says_what_it_becomes_and_blocks() -> None:
    text = "\n".join(DOCUMENTS["jk-uart"]())
    assert set(ALARMS) == set(AlarmBits)
    assert (
        "| 9 | `BATTERY_LOW_TEMPERATURE` | battery too cold to charge | `/Alarms/LowChargeTemperature` "
        "| 2 alarm | charging |"
    ) in text
    assert f"`/Alarms/{Alarm.LOW_CAPACITY.value.path}` | 1 warning | nothing |" in text


def test_the_table_is_well_formed() -> None:
    lines = [line for line in DOCUMENTS["jk-uart"]() if line.startswith("|")]
    columns = {line.replace("\\|", "").count("|") for line in lines}
    assert columns <= {3, 6, 7}
