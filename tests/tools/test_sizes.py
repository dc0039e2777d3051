"""The size gate of `make check`."""

from pathlib import Path

import pytest

from tools.sizes import main


def function_of(lines: int) -> str:
    return "def long():\n" + "    pass\n" * (lines - 1)


def test_a_tree_within_the_limits_passes_with_its_figures(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A function of 40 lines in a file of 400 is allowed."""
    (tmp_path / "fine.py").write_text(function_of(40) + "\n" * 360)
    assert main([str(tmp_path)]) == 0
    assert "1 functions: median 40 lines" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("source", "complaint"),
    [
        ("\n" * 401, "long.py has 401 lines, 400 are allowed"),
        (function_of(41), "long.py:1 long has 41 lines, 40 are allowed"),
        ("async " + function_of(41), "long.py:1 long has 41 lines, 40 are allowed"),
    ],
)
def test_one_line_too_many_is_refused_with_its_place(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], source: str, complaint: str
) -> None:
    """The message names the file, and for a function the line it starts on."""
    (tmp_path / "long.py").write_text(source)
    assert main([str(tmp_path)]) == 1
    assert complaint in capsys.readouterr().out


def test_a_tree_without_functions_is_measured_too(tmp_path: Path) -> None:
    """An empty module breaks no limit."""
    (tmp_path / "empty.py").touch()
    assert main([str(tmp_path)]) == 0
