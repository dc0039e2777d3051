"""OpenTelemetry: `instrument` traces what a queue enqueues and runs, `observe` offers its figures as metrics.

Needs the extra ``otel``.
"""

from __future__ import annotations

try:
    import opentelemetry.propagate
    import opentelemetry.trace  # noqa: F401 - looked for here, so that one message says what is missing
except ImportError as error:
    raise ImportError(
        'musterq.contrib.opentelemetry needs OpenTelemetry: pip install "musterq[otel]"', name=error.name
    ) from error

from musterq.contrib.opentelemetry.metrics import observe
from musterq.contrib.opentelemetry.spans import instrument

__all__ = ["instrument", "observe"]
