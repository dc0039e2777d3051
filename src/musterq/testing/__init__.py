"""What tests of a program that uses musterq need; `musterq.testing.plugin` makes fixtures of it for pytest.

As in `musterq`, names are imported when they are first asked for: pytest loads the plugin for every project.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from musterq.testing.asserting import assert_enqueued, assert_not_enqueued, enqueued
    from musterq.testing.draining import drain
    from musterq.testing.frozen_clock import FrozenClock
    from musterq.testing.isolation import isolated

__all__ = ["FrozenClock", "assert_enqueued", "assert_not_enqueued", "drain", "enqueued", "isolated"]

_MODULE_OF = {
    "FrozenClock": "frozen_clock",
    "assert_enqueued": "asserting",
    "assert_not_enqueued": "asserting",
    "drain": "draining",
    "enqueued": "asserting",
    "isolated": "isolation",
}


def __getattr__(name: str) -> Any:
    """A public name."""
    if name not in _MODULE_OF:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_MODULE_OF[name]}"), name)


def __dir__() -> list[str]:
    return list(__all__)
