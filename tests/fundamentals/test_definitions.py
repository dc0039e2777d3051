"""A function becomes a task: it is called as before, and it can be enqueued."""

import asyncio
import inspect

import pytest

from musterq.queue.task_queue import TaskQueue


def test_a_decorated_function_is_called_as_before(queue: TaskQueue):
    """A plain call runs here and now, and puts nothing into the queue."""

    @queue.task(type="add")
    def add(a: int, b: int = 1) -> int:
        return a + b

    assert add(2, b=3) == 5
    assert add(2) == 3
    assert queue.find() == []


def test_a_decorated_function_raises_as_before(queue: TaskQueue):
    """Its errors reach the caller of a plain call."""

    @queue.task
    def divide(a: int, b: int) -> float:
        return a / b

    with pytest.raises(ZeroDivisionError):
        divide(1, 0)


def test_a_coroutine_function_is_awaited_as_before(queue: TaskQueue):
    """Calling a decorated ``async def`` gives its coroutine."""

    @queue.task
    async def double(a: int) -> int:
        return a * 2

    assert asyncio.run(double(4)) == 8


def test_it_keeps_its_name_its_docstring_and_its_signature(queue: TaskQueue):
    """Help and inspection see the function."""

    @queue.task(type="thumbnail")
    def thumbnail(path: str, width: int = 256) -> None:
        """Make a small picture."""

    assert (thumbnail.__name__, thumbnail.__doc__) == ("thumbnail", "Make a small picture.")
    assert list(inspect.signature(thumbnail).parameters) == ["path", "width"]


def test_the_type_is_the_functions_name_unless_one_is_given(queue: TaskQueue):
    """``@queue.task`` alone takes the name, ``type=`` says another; the function is there as ``.function``."""

    @queue.task
    def resize() -> None: ...

    @queue.task(type="images.crop")
    def crop() -> None: ...

    assert (resize.type, crop.type) == ("resize", "images.crop")
    assert queue.definitions["images.crop"].function is crop.function


def test_a_type_has_one_handler(queue: TaskQueue):
    """The second is refused, and the message names the first."""

    @queue.task(type="send")
    def send() -> None: ...

    with pytest.raises(ValueError, match=r"'send' has a handler already.*test_a_type_has_one_handler.*send"):

        @queue.task(type="send")
        def send_again() -> None: ...


def test_a_definition_gives_its_tasks_their_options(queue: TaskQueue):
    """What is said at the decorator is written on the row of each task."""

    @queue.task(priority=5, max_attempts=2, max_crashes=1, timeout=60, compatibility={"gpu": True})
    def train() -> None: ...

    task = train.enqueue().get()
    assert (task.priority, task.max_attempts, task.max_crashes, task.timeout_seconds) == (5, 2, 1, 60.0)
    assert task.get_compatibility_dict() == {"gpu": True}


def test_options_override_those_of_the_definition_for_one_task(queue: TaskQueue):
    """``options`` gives a view to enqueue with; the definition stays as it was."""

    @queue.task(priority=5, max_attempts=2)
    def train() -> None: ...

    urgent = train.options(priority=1).enqueue().get()
    assert (urgent.priority, urgent.max_attempts) == (1, 2)
    assert train.enqueue().get().priority == 5


@pytest.mark.parametrize("option", [{"delay": 5}, {"idempotency_key": "k"}, {"prio": 1}])
def test_what_only_one_task_can_have_is_no_option_of_a_definition(queue: TaskQueue, option: dict[str, object]):
    """The message lists the options there are."""
    with pytest.raises(TypeError, match=r"no option .*give some of: type, compatibility, .*expires_in"):
        queue.task(**option)(len)


@pytest.mark.parametrize(
    "option", [{"priority": 0}, {"max_attempts": 0}, {"timeout": -1}, {"compatibility": {"a": {"x": 1}}}]
)
def test_an_option_that_cannot_be_is_refused_where_the_task_is_defined(queue: TaskQueue, option: dict[str, object]):
    """Not only when the first task is enqueued, somewhere else."""
    with pytest.raises(ValueError, match=next(iter(option))):

        @queue.task(**option)
        def work() -> None: ...


def test_parameters_that_cannot_be_named_are_refused(queue: TaskQueue):
    """A payload is an object of named arguments."""
    with pytest.raises(TypeError, match=r"'a'.*cannot be given by name"):

        @queue.task
        def positional(a: int, /) -> None: ...

    with pytest.raises(TypeError, match=r"'\*rest'.*cannot be given by name"):

        @queue.task
        def variadic(*rest: int) -> None: ...


def test_a_generator_is_refused(queue: TaskQueue):
    """Calling it would do nothing."""
    with pytest.raises(TypeError, match="generator"):

        @queue.task
        def count():
            yield 1


def test_an_option_given_by_position_is_refused(queue: TaskQueue):
    """``@queue.task("thumbnail")`` is a likely slip, and the message says what to write."""
    with pytest.raises(TypeError, match=r"@queue.task\(type=...\)"):
        queue.task("thumbnail")


@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        ({"executor": "fibers"}, ValueError, "executor='fibers' is unknown; give one of: threads, processes, asyncio"),
        ({"executor": 1}, TypeError, "executor=1 is a int"),
        ({"executor": "asyncio"}, ValueError, "is for handlers that are `async def`"),
        ({"executor": "threads", "hard_timeout": 5}, ValueError, "cannot keep hard_timeout=5"),
        ({"timeout": 5, "hard_timeout": 4}, ValueError, "hard_timeout=4.0 is less than timeout=5.0"),
    ],
)
def test_a_place_that_cannot_be_is_refused_where_the_task_is_defined(
    queue: TaskQueue, options: dict[str, object], error: type[Exception], message: str
):
    """The message says which handlers run where."""
    with pytest.raises(error, match=message):

        @queue.task(**options)
        def work() -> None: ...


def test_where_a_handler_runs_is_said_of_the_handler_and_its_hard_limit_of_each_task(queue: TaskQueue):
    """Workers read the one in the code, the other on the row."""

    @queue.task(executor="Processes", timeout=4, hard_timeout=5)
    def work() -> None: ...

    assert (work.executor, work.enqueue().get().hard_timeout_seconds) == ("processes", 5.0)
    assert work.options(hard_timeout=60).enqueue().get().hard_timeout_seconds == 60.0
    with pytest.raises(TypeError, match="executor"):
        work.options(executor="threads").enqueue()
