import pytest

from driver.battery.reading import Reading
from driver.errors import LayoutError
from driver.protocol.dialect import JkUart
from driver.protocol.jkpb_wire import REQUESTS, Register, Request
from driver.protocol.jkuart_wire import ACTIVATE, READ_ALL, UartFramer
from driver.simulator.faults import FAULTS, Faults, explained
from driver.simulator.line import jk_line

READ_VOLTAGE = bytes.fromhex("4E57 0013 00000000 03 03 00 83 00000000 68 000001A9")
ANSWER = jk_line(profile=None).device.hear(READ_ALL)


def sent(*faults: str) -> bytes:
    return b"".join(data for _, data in Faults(*faults).sent(READ_ALL, ANSWER))


def reading(*faults: str) -> Reading:
    (whole,) = UartFramer().feed(sent(*faults))
    found = JkUart().take(whole)
    assert found is not None
    return found


def test_nothing_wrong() -> None:
    assert Faults().sent(READ_ALL, ANSWER) == [(0.0, ANSWER)]
    assert Faults().sent(b"noise", b"") == []


@pytest.mark.parametrize("name", FAULTS)
def test_every_fault_changes_something_and_is_explained(name: str) -> None:
    faults = Faults(name)
    before = Faults()
    request = REQUESTS[Request(2, Register.STATUS)] if name == "dead" else READ_ALL
    for _ in range(200):  # 2 % of damaged answers, and an answer before for those that repeat it
        other = ANSWER[:-1] + bytes((ANSWER[-1] ^ 0xFF,)) if name == "frozen" else ANSWER
        if faults.sent(request, ANSWER) != before.sent(request, ANSWER) or name == "frozen":
            break
    else:
        pytest.fail(f"{name} does nothing")
    if name == "frozen":
        assert faults.sent(READ_ALL, other) == [(0.0, ANSWER)]
    assert {key.partition(":")[0]: text for key, text in explained()}[name]


def test_silent() -> None:
    assert Faults("silent").sent(READ_ALL, ANSWER) == []


def test_one_dead_address_is_silent_and_the_others_are_not() -> None:
    asked = {address: REQUESTS[Request(address, Register.STATUS)] for address in (1, 2)}
    assert Faults("dead:2").sent(asked[2], ANSWER) == []
    assert Faults("dead:2").sent(asked[1], ANSWER) == [(0.0, ANSWER)]
    assert Faults("dead:2").sent(READ_ALL, ANSWER) == [(0.0, ANSWER)]


def test_late() -> None:
    assert Faults("late:250ms").sent(READ_ALL, ANSWER) == [(0.25, ANSWER)]
    assert Faults("late:2s").sent(READ_ALL, ANSWER) == [(2.0, ANSWER)]


def test_byte_by_byte() -> None:
    chunks = Faults("byte-by-byte:3ms").sent(READ_ALL, ANSWER)
    assert [data for _, data in chunks] == [bytes((byte,)) for byte in ANSWER]
    assert {gap for gap, _ in chunks} == {0.003}


def test_split() -> None:
    (first, begin), (pause, rest) = Faults("split").sent(READ_ALL, ANSWER)
    assert (first, pause) == (0.0, 0.02)
    assert begin + rest == ANSWER
    assert begin
    assert rest


def test_merge() -> None:
    faults = Faults("merge")
    faults.sent(READ_ALL, ANSWER)
    ((_, glued),) = faults.sent(READ_ALL, ANSWER)
    assert len(UartFramer().feed(glued)) == 2


def test_flip_is_always_noticed() -> None:
    faults = Faults("flip")
    for _ in range(300):
        ((_, damaged),) = faults.sent(READ_ALL, ANSWER)
        difference = [a ^ b for a, b in zip(damaged, ANSWER, strict=True) if a != b]
        assert len(difference) == 1
        assert difference[0].bit_count() == 1
        assert UartFramer().feed(damaged) == []


def test_flip_length() -> None:
    damaged = sent("flip-length")
    assert damaged[3] != ANSWER[3]
    assert damaged[:3] + damaged[4:] == ANSWER[:3] + ANSWER[4:]


@pytest.mark.parametrize("percent", [0, 2, 5, 100])
def test_corrupt_damages_its_share_of_the_checksums(percent: int) -> None:
    faults, framer = Faults(f"corrupt:{percent}%"), UartFramer()
    for _ in range(2000):
        ((_, data),) = faults.sent(READ_ALL, ANSWER)
        framer.feed(data)
    assert framer.good + framer.corrupt == 2000
    assert framer.corrupt == pytest.approx(20 * percent, rel=0.3 if percent < 100 else 0, abs=0)


def test_echo() -> None:
    framer = UartFramer()
    assert framer.feed(sent("echo")) == [ANSWER]
    assert framer.echoes == 1
    assert sent("silent", "echo") == READ_ALL
    assert sent("echo", "silent") == b""


def test_garbage_and_other_protocols_hold_no_frame() -> None:
    assert len(sent("garbage")) > 100
    assert UartFramer().feed(sent("garbage")) == []
    other = sent("other-protocol")
    assert other.startswith(bytes.fromhex("55AAEB90"))
    assert len(other) == 300
    assert other[-1] == sum(other[:-1]) & 0xFF
    assert UartFramer().feed(other) == []


def test_half() -> None:
    assert sent("half") == ANSWER[: len(ANSWER) // 2]


def test_missing() -> None:
    assert reading("missing:0xB9").capacity == 280  # the setting takes its place
    with pytest.raises(LayoutError, match=r"state_of_charge\b.*missing"):
        reading("missing")


def test_put() -> None:
    assert reading("put:0x8C=0001").discharge_mosfet_on is False
    assert reading("put:0x85=2a", "put:0x8C=0002").soc == 42
    assert "0xc1" in reading("put:0xC1=00").monitor_only
    with pytest.raises(LayoutError, match="0x8d"):
        reading("put:0x8D=00")


def test_implausible_values_have_a_right_checksum() -> None:
    found = reading("zero-cell:5")
    assert found.cells[4] == 0.0
    assert len(found.cells) == 16
    assert min(found.cells[:4] + found.cells[5:]) > 3.0
    assert reading("hot").temperatures[0] is None
    assert reading("soc-255").soc is None
    assert reading("zero-cell:1", "zero-cell:16").cells.count(0.0) == 2
    assert reading("zero-cell:17") == reading()


def test_faults_combine_and_a_damaged_answer_is_not_repaired_by_the_next() -> None:
    assert UartFramer().feed(sent("half", "soc-255", "hot", "put")) == []
    assert len(Faults("soc-255", "byte-by-byte").sent(READ_ALL, ANSWER)) == len(ANSWER)


def test_registers_are_changed_in_whole_answers_to_read_all_only() -> None:
    device = jk_line(profile=None).device
    for request in (ACTIVATE, READ_VOLTAGE):
        answer = device.hear(request)
        assert answer
        assert Faults("put", "hot").sent(request, answer) == [(0.0, answer)]
    torn = sent("put:0xC0=01C0")  # ends in the middle of a register
    assert Faults("hot").sent(READ_ALL, torn) == [(0.0, torn)]


def test_switching_while_it_runs() -> None:
    faults = Faults("corrupt:100%", "zero-cell:2", "zero-cell:3")
    assert faults.names == ("corrupt", "zero-cell:2", "zero-cell:3")
    faults.on("corrupt:0%")
    faults.off("zero-cell")
    assert faults.names == ("corrupt",)
    assert faults.sent(READ_ALL, ANSWER) == [(0.0, ANSWER)]
    faults.on("silent")
    faults.clear()
    assert faults.names == ()
    faults.off("silent")


def test_chance_repeats() -> None:
    runs = [[Faults("flip", "split", seed=seed).sent(READ_ALL, ANSWER) for seed in (1, 2)] for _ in range(2)]
    assert runs[0] == runs[1]
    assert runs[0][0] != runs[0][1]


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("silnet", "there are silent, late"),
        ("silent:3", "takes no argument"),
        ("corrupt:much", "corrupt:2%"),
        ("corrupt:101%", "corrupt:2%"),
        ("late:-1s", "late:300ms"),
        ("missing:100", "missing:0x85"),
        ("put:0x85", "put:0xC1=00"),
        ("put:0x85=x", "put:0xC1=00"),
        ("zero-cell:0", "zero-cell:3"),
    ],
)
def test_what_is_no_fault(text: str, says: str) -> None:
    with pytest.raises(ValueError, match=says):
        Faults(text)
