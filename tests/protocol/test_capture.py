"""Captures as text: there and back, and what is said of text that is none."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from driver.errors import CaptureError
from driver.protocol.capture import LONGEST_LINE, Capture, Chunk, Direction, lines, parse

HEAD = "dbus-jkbms capture 1\nprotocol: jk-uart\n\n"
CHUNKS = st.lists(
    st.builds(
        Chunk,
        st.integers(0, 10**9).map(lambda milliseconds: milliseconds / 1000),
        st.sampled_from([Direction.SENT, Direction.RECEIVED]),
        st.binary(min_size=1, max_size=40),
    )
    | st.integers(0, 10**9).map(lambda milliseconds: Chunk(milliseconds / 1000, Direction.OPENED))
)


@given(CHUNKS)
def test_what_is_written_is_read(chunks: list[Chunk]) -> None:
    capture = Capture({"protocol": "jk-ble", "reason": "a test"}, tuple(sorted(chunks, key=lambda one: one.at)))
    assert parse("here", "\n".join(lines(capture))) == capture


def test_the_protocol_is_in_the_head() -> None:
    assert parse("here", HEAD).protocol == "jk-uart"
    assert parse("here", HEAD).chunks == ()


def test_a_head_has_no_line_ends_and_only_what_every_terminal_has() -> None:
    capture = Capture({"protocol": "jk-uart", "reason": "two\nlines, \x1b[31m 20 °C" + 500 * "x"}, ())
    again = parse("here", "\n".join(lines(capture)))
    assert again.head["reason"].startswith("two?lines, ?[31m 20 ?Cxxx")
    assert len(again.head["reason"]) == 400


def test_lines_of_another_system_end_as_they_like() -> None:
    assert parse("here", (HEAD + "0.5 < 4E57\n").replace("\n", "\r\n")).chunks[0].data == b"NW"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "f.txt, line 1: '': expected 'dbus-jkbms capture 1'"),
        ("dbus-jkbms capture 2\n", "f.txt, line 1: 'dbus-jkbms capture 2': expected 'dbus-jkbms capture 1'"),
        ("dbus-jkbms capture 1\nno name\n", "f.txt, line 2: 'no name': expected NAME: TEXT, each name once"),
        ("dbus-jkbms capture 1\nport: a\nport: b\n", "f.txt, line 3: 'port: b': expected NAME: TEXT, each name once"),
        ("dbus-jkbms capture 1\nport: a\n\n", "f.txt: the head has no line 'protocol: NAME'"),
        (HEAD + "0.1 < 4e5\n", "f.txt, line 4: '0.1 < 4e5': expected SECONDS, then < or > and pairs"),
        (HEAD + "0.1 < 4e5g\n", "f.txt, line 4: '0.1 < 4e5g': expected SECONDS, then < or >"),
        (HEAD + "0.1 <\n", "f.txt, line 4: '0.1 <': expected SECONDS, then < or >"),
        (HEAD + "0.1 | 4e\n", "f.txt, line 4: '0.1 | 4e': expected SECONDS"),
        (HEAD + "0.1 ? 4e\n", "f.txt, line 4: '0.1 ? 4e': expected SECONDS"),
        (HEAD + "-1 < 4e\n", "f.txt, line 4: '-1 < 4e': expected SECONDS"),
        (HEAD + "nan |\n", "f.txt, line 4: 'nan |': expected SECONDS"),
        (HEAD + "99999999 |\n", "f.txt, line 4: '99999999 |': expected SECONDS"),
        (HEAD + "0.1 < 4e 57\n", "f.txt, line 4: '0.1 < 4e 57': expected SECONDS"),
        (
            HEAD + "5.0 < 4e\n4.9 < 57\n",
            "f.txt, line 5: '4.9 < 57': expected a time not before 5.000 of the line above",
        ),
        (HEAD + "\n", "f.txt, line 4: '': expected SECONDS"),
        (HEAD + "0.1 < \x1b[2J\n", "'0.1 < \\x1b[2J'"),
        (HEAD + "0.1 < " + "00" * LONGEST_LINE, "': expected at most 200000 characters"),
    ],
)
def test_damage_is_named_with_its_line(text: str, said: str) -> None:
    with pytest.raises(CaptureError) as caught:
        parse("f.txt", text)
    assert said in str(caught.value)
    assert len(str(caught.value)) < 200


@given(st.text(), st.sampled_from(["", HEAD, HEAD + "0.1 < 4e57\n"]))
def test_no_text_crashes_it(text: str, before: str) -> None:
    try:
        capture = parse("here", before + text)
    except CaptureError:
        return
    assert parse("here", "\n".join(lines(capture))).chunks == capture.chunks
