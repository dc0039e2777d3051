"""Text that is shown only ever as text: it cannot steer a terminal, or pretend to be another line."""

from __future__ import annotations


def visible(text: str) -> str:
    """The text with its control characters as escapes, so that it cannot steer a terminal; line ends and tabs stay."""
    return "".join(_visible(character) for character in text)


def on_one_line(text: str) -> str:
    r"""The text with its line ends as ``\n``, too, so that a row stays a row."""
    return visible(text.strip()).replace("\n", "\\n").replace("\t", " ")


def _visible(character: str) -> str:
    if character.isprintable() or character in "\n\t":
        return character
    return character.encode("unicode_escape", "surrogatepass").decode("ascii")
