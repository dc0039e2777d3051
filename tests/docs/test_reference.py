"""The reference has everything that is public, as it is."""

from __future__ import annotations

import inspect
import re
from collections.abc import Iterator
from enum import Enum
from typing import Any

import pytest
import typer

import musterq
import musterq.testing
from musterq import errors
from musterq.checks import TaskOptions
from musterq.cli.app import app
from musterq.monitoring.log import LINES
from musterq.queue.tasks import DefinitionOptions
from musterq.worker.options import READERS
from tests.docs.documents import ROOT, section, text_of

REFERENCE = "docs/reference.md"
#: Public class to the section that has its methods.
CLASSES = {
    "QueueDatabase": "QueueDatabase",
    "QueueMonitoring": "QueueMonitoring",
    "TaskQueue": "TaskQueue",
    "TaskDefinition": "Task definitions",
    "Handle": "Handles",
    "Part": "Chains and groups",
    "GroupHandle": "Chains and groups",
    "RunningTask": "In a handler",
    "WorkerEngine": "WorkerEngine",
    "Events": "Events",
}
#: What one class of the package needs of another: no use to a user.
BETWEEN_OURSELVES = {"storage", "build", "put", "awaitable", "watch", "part_of", "first", "following", "line"}
#: A decorator of three forms, and context managers, which are shown as they are used.
SHOWN_BY_USE = {"bound_to", "task", "immediate", "transaction"}

_SHOWN = re.compile(r"^(?:- )?`(\w+\([^`]*)`", re.MULTILINE)


def shown_signatures(title: str) -> set[str]:
    """Every signature that opens a line of a section."""
    return set(_SHOWN.findall(section(REFERENCE, title)))


def signature(name: str, function: Any) -> str:
    """A signature as the reference writes it: annotations as in the source, constants by their values."""
    found = inspect.signature(function)
    words: list[str] = []
    for parameter in [p for p in found.parameters.values() if p.name != "self"]:
        if parameter.kind is parameter.KEYWORD_ONLY and not any(word.startswith("*") for word in words):
            words.append("*")
        words.append(_parameter(parameter))
    gives = found.return_annotation
    return f"{name}({', '.join(words)})" + (
        "" if gives in (found.empty, "None") and name[0].isupper() else f" -> {gives}"
    )


def _parameter(parameter: inspect.Parameter) -> str:
    stars = (
        "*" if parameter.kind is parameter.VAR_POSITIONAL else "**" if parameter.kind is parameter.VAR_KEYWORD else ""
    )
    default = "" if parameter.default is parameter.empty else f" = {_value(parameter.default)}"
    return f"{stars}{parameter.name}: {_annotation(parameter.annotation)}{default}"


def _annotation(annotation: Any) -> str:
    return annotation if isinstance(annotation, str) else str(annotation.__name__)


def _value(value: object) -> str:
    return f"{type(value).__name__}.{value.name}" if isinstance(value, Enum) else repr(value)


def public_members(name: str) -> Iterator[tuple[str, Any]]:
    """The methods and properties of a public class that are a user's."""
    for member, value in inspect.getmembers(getattr(musterq, name)):
        if (
            not member.startswith("_")
            and member not in BETWEEN_OURSELVES
            and (inspect.isfunction(value) or isinstance(value, property))
        ):
            yield member, value


@pytest.mark.parametrize("name", musterq.__all__)
def test_every_public_name_is_there(name: str) -> None:
    """In backticks or in the tree of errors."""
    assert re.search(rf"(`|── ){name}\b", text_of(REFERENCE))


@pytest.mark.parametrize("name", CLASSES)
def test_every_method_is_there_as_it_is_called(name: str) -> None:
    """With its parameters, their types and defaults, and what it returns."""
    shown, text = shown_signatures(CLASSES[name]), section(REFERENCE, CLASSES[name])
    for member, value in public_members(name):
        if isinstance(value, property):
            assert f"`{member}: {value.fget.__annotations__['return']}`" in text, member
        elif member in SHOWN_BY_USE:
            assert f"`{member}(" in text or f"@queue.{member}" in text, member
        else:
            assert signature(member, value) in shown, signature(member, value)


@pytest.mark.parametrize("name", ["QueueDatabase", "QueueMonitoring", "TaskQueue", "AsyncTaskQueue", "WorkerEngine"])
def test_every_constructor_is_there_as_it_is_called(name: str) -> None:
    """With its types and defaults."""
    wanted = signature(name, getattr(musterq, name).__init__)
    assert wanted in shown_signatures(name), wanted


@pytest.mark.parametrize("name", ["Retry", "Cancel"])
def test_what_a_handler_raises_is_there_as_it_is_called(name: str) -> None:
    """In a table, where a bar is escaped."""
    wanted = signature(name, getattr(musterq, name).__init__)
    assert f"`{wanted}`" in text_of(REFERENCE).replace("\\|", "|"), wanted


@pytest.mark.parametrize("name", musterq.testing.__all__)
def test_what_tests_use_is_there_as_it_is_called(name: str) -> None:
    """With its parameters, their types and defaults."""
    wanted = signature(name, getattr(musterq.testing, name))
    assert wanted in shown_signatures("Testing"), wanted


def test_the_retry_policy_is_there_with_its_defaults() -> None:
    """As a signature."""
    assert signature("RetryPolicy", musterq.RetryPolicy) in shown_signatures("Options of a task")


def test_every_verb_for_coroutines_is_there() -> None:
    """Each is explained at the verb of the same name."""
    text = section(REFERENCE, "AsyncTaskQueue")
    assert [name for name, _ in public_members("AsyncTaskQueue") if not re.search(rf"`{name}[`(]", text)] == []


@pytest.mark.parametrize(
    ("name", "title"), [("Task", "Tasks and workers"), ("Worker", "Tasks and workers"), ("Claim", "Claims")]
)
def test_every_field_is_there(name: str, title: str) -> None:
    """Of what comes out of the queue."""
    text = section(REFERENCE, title)
    assert [field for field in getattr(musterq, name).__struct_fields__ if f"`{field}`" not in text] == []


def test_every_option_of_a_task_is_there() -> None:
    """Marked where a definition takes it, too (†), or alone (‡)."""
    rows = re.findall(r"^\| `(\w+)`( †| ‡)? \|", section(REFERENCE, "Options of a task"), re.MULTILINE)
    assert {name for name, mark in rows if mark != " ‡"} == TaskOptions.__optional_keys__
    assert {name for name, mark in rows if mark} == DefinitionOptions.__optional_keys__


def test_every_status_and_strategy_is_there() -> None:
    """By their words."""
    words = [*musterq.TaskStatus, *(strategy.name for strategy in musterq.SchedulingStrategy)]
    assert [word for word in words if f"`{word}`" not in text_of(REFERENCE)] == []


def test_the_tree_of_errors_is_that_of_the_code() -> None:
    """Line by line."""
    drawn = section(REFERENCE, "Errors").split("```\n")[1].splitlines()
    assert drawn == [line[4:] for line in (errors.__doc__ or "").splitlines()[2 : 2 + len(drawn)]]


def test_every_event_is_there() -> None:
    """Those that are logged, and those that are emitted by name anywhere."""
    sources = "".join(path.read_text(encoding="utf-8") for path in (ROOT / "src").rglob("*.py"))
    emitted = set(re.findall(r'emit\(\s*"(\w+\.\w+)"', sources))
    assert "task.enqueued" in emitted
    text = section(REFERENCE, "Events")
    assert [event for event in sorted(emitted | LINES.keys()) if f"`{event}`" not in text] == []


def commands() -> dict[str, Any]:
    """The commands by name; the program itself under no name."""
    group = typer.main.get_command(app)
    return {"": group, **group.commands}  # type: ignore[attr-defined]


@pytest.mark.parametrize("name", commands())
def test_every_command_and_its_options_are_there(name: str) -> None:
    """Long and short, and what it is given."""
    text = section(REFERENCE, "The command")
    assert not name or re.search(rf"^\| `{name}[ `]", text, re.MULTILINE)
    options = [
        option for parameter in commands()[name].params for option in (*parameter.opts, *parameter.secondary_opts)
    ]
    assert [option for option in options if option.startswith("-") and not re.search(rf"`{option}[ `]", text)] == []


def test_every_variable_of_the_environment_is_there() -> None:
    """Those that the code names, and those that it makes of the options of a worker."""
    sources = "".join(path.read_text(encoding="utf-8") for path in (ROOT / "src").rglob("*.py"))
    variables = {*re.findall(r"MUSTERQ_[A-Z_]+\b", sources), *(f"MUSTERQ_{name.upper()}" for name in READERS)}
    text = section(REFERENCE, "The environment")
    assert sorted(re.findall(r"`(MUSTERQ_\w+)`", text)) == sorted(variables)


def test_every_option_in_the_file_is_there() -> None:
    """The example has each of them."""
    example = section(REFERENCE, "The TOML file").split("[worker]\n")[1].split("```")[0]
    assert set(re.findall(r"^(\w+) =", example, re.MULTILINE)) == set(READERS)
