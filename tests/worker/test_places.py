"""How long the place of a dead worker stays empty."""

from __future__ import annotations

from musterq.worker.places import LONGEST_REST_SECONDS, WELL_SECONDS, Place


def test_it_doubles_up_to_half_a_minute() -> None:
    """So that a worker which cannot start costs next to nothing."""
    place = Place("w-1")
    rests = [place.rest(ran_seconds=0.2) for _ in range(12)]
    assert rests[:5] == [0.1, 0.2, 0.4, 0.8, 1.6]
    assert rests[-1] == LONGEST_REST_SECONDS


def test_who_ran_well_for_a_while_starts_over() -> None:
    """Its death has another reason than those before."""
    place = Place("w-1")
    for _ in range(5):
        place.rest(ran_seconds=0.2)
    assert place.rest(ran_seconds=WELL_SECONDS + 1) == 0.1


def test_an_orderly_end_starts_over() -> None:
    """And the place is free at once."""
    place = Place("w-1")
    place.rest(ran_seconds=0.2)
    assert place.is_taken
    place.empty()
    assert not place.is_taken
    assert place.rest(ran_seconds=0.2) == 0.1
