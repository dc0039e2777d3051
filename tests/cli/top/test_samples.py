"""What was seen since the start."""

from musterq.cli.top.samples import Samples
from musterq.cli.top.snapshot import Counts
from musterq.models import TaskStatus


def counts(queued: int, completed: int) -> Counts:
    return Counts(tasks={("mail", TaskStatus.QUEUED): queued, ("mail", TaskStatus.COMPLETED): completed})


def test_the_pace_is_that_of_the_last_seconds():
    """What was longer ago does not count."""
    samples = Samples()
    for at, completed in ((0, 0), (100, 1000), (102, 1040)):
        samples.add(at, counts(1, completed))
    assert samples.throughput() == 20


def test_one_look_tells_no_pace():
    """There is nothing to compare with; nor before the first."""
    samples = Samples()
    assert samples.throughput() is None
    samples.add(0, counts(1, 5))
    assert samples.throughput() is None


def test_pruning_is_no_negative_pace():
    """Tasks went away."""
    samples = Samples()
    samples.add(0, counts(1, 500))
    samples.add(1, counts(1, 5))
    assert samples.throughput() == 0
    assert samples.trends().whole["completed"] == [0.0]


def test_the_charts_show_depths_as_they_were_and_ends_as_they_came():
    """Of all types, and of each."""
    samples = Samples()
    for at, (queued, completed) in enumerate([(5, 10), (3, 12), (4, 12)]):
        samples.add(at, counts(queued, completed))
    trends = samples.trends()
    assert trends.whole["queued"] == [5, 3, 4]
    assert trends.whole["completed"] == [2, 0]
    assert trends.depth_of("mail") == [5, 3, 4]
    assert trends.depth_of("unknown") == [0, 0, 0]
