"""What tests of health look at."""

from __future__ import annotations

import json
from typing import Any

from musterq import QueueMonitoring


def found(monitoring: QueueMonitoring, check: str, **thresholds: Any) -> list[dict[str, Any]]:
    """The findings of one check."""
    findings = monitoring.check_health(**thresholds)
    assert json.loads(json.dumps(findings)) == findings
    assert [finding["severity"] for finding in findings] == sorted(finding["severity"] for finding in findings)
    return [finding for finding in findings if finding["check"] == check]


def severities(monitoring: QueueMonitoring, check: str, **thresholds: Any) -> list[str]:
    """How bad they are."""
    return [finding["severity"] for finding in found(monitoring, check, **thresholds)]
