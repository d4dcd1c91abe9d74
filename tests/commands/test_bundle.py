"""`check --bundle`: one file with all that a report needs, and nothing that is nobody's business."""

import gzip
import io
import json
import stat
import tarfile
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from driver.__main__ import main
from driver.commands import bundle
from driver.commands import record as record_module
from driver.protocol.capture import parse
from driver.protocol.jkuart_wire import READ_ALL
from driver.protocol.redaction import Redactor
from driver.simulator.line import jk_line
from driver.verdicts import sample
from tests.commands.frames import FRAME
from tests.commands.frames import PASSWORD as FRAME_PASSWORD
from tests.commands.simulated_port import simulated_port

pytestmark = pytest.mark.filterwarnings(
    "ignore:unclosed <socket:ResourceWarning"
)  # the library's, when nobody is there
PASSWORD, NAME, SERIAL, PASSKEY = "tellNobody", "Cellar pack", "40119491480", "482913"
PIN, PASSCODE = "24681012", "13579111"  # longer than a JK's: other names are random digits, and hold any four at times


@pytest.fixture(autouse=True)
def alone(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(record_module, "running_drivers", list)
    monkeypatch.setattr(bundle, "SECONDS", 2.0)
    monkeypatch.setenv("DBUS_SESSION_BUS_ADDRESS", f"unix:path={tmp_path}/no-bus")
    monkeypatch.setenv("DRIVER_LOG", str(tmp_path / "log"))
    monkeypatch.chdir(tmp_path)
    (tmp_path / "log").mkdir()


def unpacked(path: Path) -> dict[str, str]:
    with tarfile.open(path) as archive:
        found = {}
        for member in archive.getmembers():
            assert member.isreg()
            assert member.mode == 0o600
            content = archive.extractfile(member)
            assert content is not None
            found[member.name] = content.read().decode()
        return found


def test_a_bundle_has_everything_but_secrets(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    line = jk_line()
    line.device.bms.password = PASSWORD  # type: ignore[attr-defined]
    state = {"version": 1, "batteries": {"cellar_key": {"identity": {"serial": SERIAL, "name": NAME}}}}
    Path("state.json").write_text(json.dumps(state))
    log = f"@400000006abc INFO [house] battery cellar_key, known by its {SERIAL} at C8:47:80:9A:BC:DE\n"
    Path("log/current").write_text(20_000 * "long ago\n" + log)
    Path("recordings").mkdir()
    Path("recordings/tty-1.capture.gz").write_bytes(
        gzip.compress(b"dbus-jkbms capture 1\nprotocol: jk-uart\n\n0.0 |\n")
    )
    Path("recordings/tty-2.capture.gz").write_bytes(b"damaged")
    with simulated_port(line=line) as port:
        Path("config.ini").write_text(
            f"# passcode {PASSCODE}\n[battery house]\nport = {port}\nname = {NAME}\n"
            f"[battery air]\nport = C8:47:80:9A:BC:DE\npairing = {PASSKEY}\npin = {PIN}\n"
        )
        main(["check", "--bundle", "report.tar.gz"])
    said = capsys.readouterr().out
    assert "report.tar.gz: check.txt, config.txt, versions.txt, log.txt, recording-1-kept.txt" in said
    assert stat.S_IMODE(Path("report.tar.gz").stat().st_mode) == 0o600
    inside = unpacked(tmp_path / "report.tar.gz")
    assert {name.partition("/")[0] for name in inside} == {bundle.FOLDER}
    files = {name.partition("/")[2]: text for name, text in inside.items()}
    everything = "".join(files.values())
    for secret in (PASSWORD, PASSKEY, PIN, PASSCODE, NAME, SERIAL, "cellar_key", "9A:BC:DE"):
        assert secret not in everything
        assert secret.encode().hex() not in everything
    assert files["check.txt"].startswith("dbus-jkbms ")
    assert "battery house" in files["check.txt"]
    assert f"port = {port}\n" in files["config.txt"]
    assert "pairing = ***\npin = ***\n" in files["config.txt"]
    assert "Python 3." in files["versions.txt"]
    assert files["log.txt"].endswith("at C8:47:80:**:**:**\n")
    assert len(files["log.txt"]) <= bundle.LOG_TAIL
    assert parse("kept", files["recording-1-kept.txt"]).protocol == "jk-uart"
    assert "line 1: 'damaged': expected" in files["recording-2-kept.txt"]
    assert parse("now", files["recording-3-now.txt"]).head["reason"] == "recorded by hand"


def test_a_bundle_without_config_log_or_battery_is_one_all_the_same(tmp_path: Path) -> None:
    Path("log").rmdir()
    Path("config.ini").write_text("[battery a]\nport = /dev/nowhere\n")
    assert main(["check", "--bundle", "report.tar.gz"]) == 2
    files = unpacked(tmp_path / "report.tar.gz")
    assert "nothing was recorded: /dev/nowhere" in files[f"{bundle.FOLDER}/recording-1-now.txt"]
    assert files[f"{bundle.FOLDER}/log.txt"] == ""


@pytest.mark.parametrize(
    ("file", "said"), [("there.tar.gz", "is there already"), ("no/folder/x.tar.gz", "cannot be written: No such file")]
)
def test_a_file_that_cannot_be_written_is_said(file: str, said: str, capsys: pytest.CaptureFixture[str]) -> None:
    Path("there.tar.gz").write_text("mine")
    Path("config.ini").write_text("[battery a]\nport = /dev/nowhere\n")
    assert main(["check", "--bundle", file]) == 2
    assert said in capsys.readouterr().err
    assert Path("there.tar.gz").read_text() == "mine"


@given(st.binary(max_size=400))
def test_no_config_crashes_it_and_no_value_of_unknown_options_shows(content: bytes) -> None:
    lines = list(bundle.config_lines(content + b"\n[battery z]\npin = 975312\npairing = 864209\n", Redactor(b"")))
    assert not any("975312" in line or "864209" in line for line in lines[-2:])


@given(st.recursive(st.none() | st.booleans() | st.text(max_size=5), lambda inner: st.lists(inner) | st.dictionaries(
    st.sampled_from(["batteries", "identity", "serial", "a"]), inner)))  # fmt: skip
def test_no_state_crashes_it(known: object) -> None:
    assert all(isinstance(name, str) for name in bundle._identities(known))


def test_a_sample_in_a_verdict_names_nobody() -> None:
    shown = bytes.fromhex(sample(b"noise" + READ_ALL + FRAME + READ_ALL))
    assert len(shown) == len(FRAME)
    for secret in (FRAME_PASSWORD, b"House"):
        assert secret not in shown
    assert bytes.fromhex(sample(READ_ALL)) == READ_ALL
    assert b"secret" not in bytes.fromhex(sample(b"\x01secret\x02"))


def test_an_archive_is_the_same_for_the_same_content() -> None:
    once, again = (bundle.packed({"a.txt": "b\n", "c.txt": FRAME.hex()}, 1e9) for _ in range(2))
    assert once == again
    with tarfile.open(fileobj=io.BytesIO(once)) as archive:
        assert archive.getnames() == [f"{bundle.FOLDER}/a.txt", f"{bundle.FOLDER}/c.txt"]
