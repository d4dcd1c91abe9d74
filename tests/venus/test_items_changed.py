"""The bytes of an ItemsChanged are those that the library makes."""

import string
from collections.abc import Mapping

from hypothesis import given
from hypothesis import strategies as st

from driver.venus.bus import Message, MessageFlag, MessageType, Variant
from driver.venus.items import BUS_ITEM, INVALID, Value
from driver.venus.items_changed import Entry, signal

VALUES = {
    "d": st.floats(allow_nan=False, allow_infinity=False),
    "i": st.integers(-(2**31), 2**31 - 1),
    "s": st.text(st.characters(blacklist_categories=("Cc", "Cs")), max_size=40),
}
TEXTS = VALUES["s"]
PATHS = st.lists(st.text(string.ascii_letters + string.digits, min_size=1, max_size=20), min_size=1, max_size=3).map(
    lambda parts: "/" + "/".join(parts)
)
CHANGES = st.sampled_from("dis").flatmap(
    lambda signature: st.tuples(st.just(signature), st.none() | VALUES[signature], TEXTS)
)


@given(st.dictionaries(PATHS, CHANGES, min_size=1, max_size=8), st.integers(1, 2**32 - 1))
def test_the_bytes_are_those_of_the_library(changes: Mapping[str, tuple[str, Value, str]], serial: int) -> None:
    body = {
        path: {"Value": INVALID if value is None else Variant(signature, value), "Text": Variant("s", text)}
        for path, (signature, value, text) in changes.items()
    }
    message = Message(
        message_type=MessageType.SIGNAL,
        path="/",
        interface=BUS_ITEM,
        member="ItemsChanged",
        signature="a{sa{sv}}",
        flags=MessageFlag.NO_REPLY_EXPECTED,
        body=[body],
        serial=serial,
    )
    entries = [Entry(path, signature).packed(value, text) for path, (signature, value, text) in changes.items()]
    assert signal(entries, serial) == bytes(message._marshall(False))
