"""Where a worker's options come from, and what is said of bad ones."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from musterq.models import SchedulingStrategy
from musterq.worker.options import WorkerOptions, gather_options


def gather(
    folder: Path, given: Mapping[str, Any] | None = None, config: Path | None = None, **variables: str
) -> WorkerOptions:
    environment = {f"MUSTERQ_{name}": text for name, text in variables.items()}
    return gather_options(given or {}, environment=environment, config=config, folder=folder)


def write(folder: Path, text: str) -> Path:
    path = folder / "musterq.toml"
    path.write_text(text)
    return path


def test_without_any_source_the_defaults_hold(tmp_path: Path) -> None:
    """Eight threads by priority, all types, until it is stopped."""
    assert gather(tmp_path) == WorkerOptions()
    assert (WorkerOptions().concurrency, WorkerOptions().strategy) == (8, SchedulingStrategy.PRIORITY)


def test_the_command_line_goes_before_the_environment_before_the_file(tmp_path: Path) -> None:
    """Each option comes from the first place that has it."""
    write(tmp_path, '[worker]\nconcurrency = 1\nstrategy = "lifo"\ngrace = 5\n')
    found = gather(tmp_path, {"concurrency": 3}, CONCURRENCY="2", STRATEGY="fifo")
    assert (found.concurrency, found.strategy, found.grace) == (3, SchedulingStrategy.FIFO, 5.0)


def test_what_is_none_or_empty_is_not_given(tmp_path: Path) -> None:
    """Arguments that the user left out, and variables that are set to nothing, leave the others in force."""
    assert gather(tmp_path, {"concurrency": None, "types": []}, CONCURRENCY="", TYPES="mail").types == {"mail"}


def test_the_environment_holds_every_option(tmp_path: Path) -> None:
    """As text."""
    found = gather(
        tmp_path,
        DATABASE="queue.db",
        WORKER_ID="w1",
        CONCURRENCY="2",
        EXECUTOR="Processes",
        MAX_TASKS_PER_CHILD="100",
        MAX_CHILD_MIB="512",
        STRATEGY="weighted-random",
        MAX_WAIT="12.5",
        TYPES="mail, thumbnail",
        CAPABILITIES='gpu=true,cpu=8,tags=["a","b"],zone=eu',
        BURST="yes",
        GRACE="2.5",
        TASK_LOG_LEVEL="Warning",
    )
    assert found == WorkerOptions(
        database="queue.db",
        worker_id="w1",
        concurrency=2,
        executor="processes",
        max_tasks_per_child=100,
        max_child_mib=512,
        strategy=SchedulingStrategy.WEIGHTED_RANDOM,
        max_wait=12.5,
        types=frozenset({"mail", "thumbnail"}),
        capabilities={"gpu": True, "cpu": 8, "tags": ["a", "b"], "zone": "eu"},
        burst=True,
        grace=2.5,
        task_log_level="warning",
    )


def test_a_file_holds_values_of_its_own_kinds(tmp_path: Path) -> None:
    """A TOML list of types, a table of capabilities, a truth value."""
    write(
        tmp_path, '[worker]\ntypes = ["mail"]\nburst = true\n[worker.capabilities]\ngpu = true\ntags = ["a"]\n[other]\n'
    )
    found = gather(tmp_path)
    assert (found.types, found.burst, found.capabilities) == ({"mail"}, True, {"gpu": True, "tags": ["a"]})


def test_a_file_can_be_named(tmp_path: Path) -> None:
    """It need not be called musterq.toml."""
    path = tmp_path / "other.toml"
    path.write_text("[worker]\nconcurrency = 3\n")
    assert gather(tmp_path, config=path).concurrency == 3


def test_a_file_that_is_named_and_has_nothing_for_a_worker_is_refused(tmp_path: Path) -> None:
    """Its options would count for nothing; a musterq.toml that is just there may be about something else."""
    write(tmp_path, "concurrency = 3\n")
    assert gather(tmp_path) == WorkerOptions()
    with pytest.raises(ValueError, match=r"musterq\.toml has no table \[worker\]; its options stand below"):
        gather(tmp_path, config=tmp_path / "musterq.toml")


def test_capabilities_of_the_command_line_are_a_list_of_values(tmp_path: Path) -> None:
    """JSON where it is JSON, else text; the last of a name holds."""
    given = {"capabilities": ["gpu=true", "cpu=8", "zone=eu", 'tags=["a"]', "cpu=16"]}
    assert gather(tmp_path, given).capabilities == {"gpu": True, "cpu": 16, "zone": "eu", "tags": ["a"]}


def test_capabilities_may_be_one_json_object(tmp_path: Path) -> None:
    """Where commas and quotes would be hard to tell apart."""
    assert gather(tmp_path, CAPABILITIES='{"a,b=c": "d"}').capabilities == {"a,b=c": "d"}


def test_types_of_the_command_line_may_be_lists(tmp_path: Path) -> None:
    """``--types a,b --types c``."""
    assert gather(tmp_path, {"types": ["a,b", "c"]}).types == {"a", "b", "c"}


@pytest.mark.parametrize(
    ("given", "variables", "message"),
    [
        ({"concurrency": 0}, {}, r"--concurrency 0: .* give 1 to 1000"),
        ({"capabilities": ["gpu"]}, {}, r"--capability \['gpu'\]: 'gpu' is no capability; write NAME=VALUE"),
        ({"capabilities": ["tags=[a]"]}, {}, r"--capability .* the value of 'tags' is not JSON: \[a\]"),
        ({"grace": -1.0}, {}, r"--grace -1.0: .* out of range"),
        ({}, {"CONCURRENCY": "x"}, r"MUSTERQ_CONCURRENCY='x': .* give a whole number"),
        ({}, {"CONCURRENCY": "2.5"}, r"MUSTERQ_CONCURRENCY='2.5': .* give a whole number"),
        ({"max_child_mib": "0"}, {}, r"--max-child-mib '0': .* give 1 to"),
        ({"max_tasks_per_child": "many"}, {}, r"--max-tasks-per-child 'many': .* give a whole number"),
        ({}, {"EXECUTOR": "fibers"}, r"MUSTERQ_EXECUTOR='fibers': .* give one of: threads, processes, asyncio"),
        ({}, {"STRATEGY": "random"}, r"MUSTERQ_STRATEGY='random': .* fifo, lifo, priority, weighted_random"),
        ({}, {"BURST": "maybe"}, r"MUSTERQ_BURST='maybe': .* give true or false"),
        ({}, {"GRACE": "nan"}, r"MUSTERQ_GRACE='nan': .* finite"),
        ({}, {"CAPABILITIES": "{gpu}"}, r"MUSTERQ_CAPABILITIES='\{gpu\}': this is no JSON object"),
        ({}, {"TYPES": " , "}, r"MUSTERQ_TYPES=' , ': types is empty"),
        ({}, {"WORKER_ID": "w" * 256}, r"MUSTERQ_WORKER_ID=.* 256 characters; give 1 to 255"),
    ],
)
def test_a_bad_value_is_refused_with_the_place_it_came_from(
    tmp_path: Path, given: Mapping[str, Any], variables: dict[str, str], message: str
) -> None:
    """A user finds the option, or the variable, that has to be changed."""
    with pytest.raises(ValueError, match=message):
        gather(tmp_path, given, **variables)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[worker]\nconcurrency = 'x'\n", r"musterq\.toml, \[worker\] concurrency = 'x': .* give a whole number"),
        ("[worker]\ntypes = [1]\n", r"\[worker\] types = \[1\]: give names of types"),
        ("[worker]\nthreads = 2\n", r"musterq\.toml: \[worker\] has no option 'threads'; the options are burst, cap"),
        ("worker = 3\n", r"musterq\.toml: 'worker' is to be a table; begin it with a line \[worker\]"),
        ("[worker\n", r"musterq\.toml is not TOML: "),
    ],
)
def test_a_bad_file_is_refused_with_its_name(tmp_path: Path, text: str, message: str) -> None:
    """And with what is wrong in it."""
    write(tmp_path, text)
    with pytest.raises(ValueError, match=message):
        gather(tmp_path)


def test_a_file_that_was_named_must_be_there(tmp_path: Path) -> None:
    """A mistyped name is no empty file."""
    with pytest.raises(ValueError, match=r"there is no file .*missing\.toml"):
        gather(tmp_path, config=tmp_path / "missing.toml")


def test_a_file_that_cannot_be_read_is_said_to_be_so(tmp_path: Path) -> None:
    """Here a folder of that name."""
    (tmp_path / "musterq.toml").mkdir()
    with pytest.raises(ValueError, match=r"musterq\.toml cannot be read: "):
        gather(tmp_path)
