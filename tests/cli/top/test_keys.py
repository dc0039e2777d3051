"""Bytes become keys."""

import pytest

from musterq.cli.top.keys import Keys


@pytest.mark.parametrize(
    ("data", "keys"),
    [
        (b"q", ["q"]),
        (b"\x1b[A\x1b[B", ["up", "down"]),
        (b"\x1bOA", ["up"]),
        (b"\x1b[5~\x1b[6~", ["page up", "page down"]),
        (b"\x1b[1;5C\x1b[15~x", ["x"]),  # what has no name is left out
        (b"\r\t\x7f\x0c", ["enter", "tab", "backspace", "redraw"]),
        ("ü画".encode(), ["ü", "画"]),
        (b"\x1bq", ["escape", "q"]),
        (b"\x00\xff\x01", []),
    ],
)
def test_bytes_become_keys(data: bytes, keys: list[str]):
    """As terminals send them."""
    assert Keys().feed(data) == keys


@pytest.mark.parametrize(("data", "key"), [(b"\x1b[6~", "page down"), ("画".encode(), "画")])
def test_a_key_whose_bytes_come_one_by_one_is_one_key(data: bytes, key: str):
    """A slow line splits them anywhere."""
    keys = Keys()
    assert [name for byte in data for name in keys.feed(bytes([byte]))] == [key]
    assert not keys.is_waiting


def test_escape_alone_is_a_key_when_nothing_follows():
    """It begins other keys, too."""
    keys = Keys()
    assert keys.feed(b"\x1b") == []
    assert keys.is_waiting
    assert keys.give_up() == ["escape"]
    assert not keys.is_waiting
    assert keys.give_up() == []
