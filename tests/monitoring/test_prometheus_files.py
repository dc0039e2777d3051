"""The alert rules and the dashboard: they are right, and about metrics that there are."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from importlib.resources import files
from pathlib import Path
from typing import Any

import pytest
import typer

from musterq.cli.app import app
from musterq.monitoring.export.instruments import INSTRUMENTS
from tests.docs.documents import section
from tests.monitoring.promtool import promtool

FILES = Path(str(files("musterq.monitoring"))) / "prometheus_files"
GUIDE = "docs/prometheus.md"
RULES, DASHBOARD = FILES / "alerts.yml", FILES / "dashboard.json"
TESTS_OF_RULES = Path(__file__).with_name("alerts_test.yml")
_NAME = re.compile(r"\bmusterq_\w+")
_COMMAND = re.compile(r"\bmusterq\s+([a-z]+)")


def metrics_in(text: str) -> set[str]:
    """The instruments that are named in a text."""
    return {re.sub("(_bucket|_sum|_count)$", "", name) for name in _NAME.findall(text)}


def alerts() -> dict[str, str]:
    """Each alert by its name, as text."""
    parts = re.split(r"^ +- alert: ", RULES.read_text(encoding="utf-8"), flags=re.MULTILINE)[1:]
    return {part.partition("\n")[0]: part for part in parts}


def panels() -> Iterator[dict[str, Any]]:
    """What the dashboard shows, without the titles of its rows."""
    dashboard = json.loads(DASHBOARD.read_text(encoding="utf-8"))
    yield from (panel for panel in dashboard["panels"] if panel["type"] != "row")


def expressions() -> list[str]:
    """What the dashboard asks for, with its variables filled in."""
    asked = [target["expr"] for panel in panels() for target in panel["targets"]]
    variables = {"$__rate_interval": "5m", "$job": "musterq", "$instance": ".*", "$type": ".*"}
    for name, value in variables.items():
        asked = [expression.replace(name, value) for expression in asked]
    return asked


def test_the_rules_are_right() -> None:
    """By the tool that Prometheus checks them with."""
    assert f"{len(alerts())} rules found" in promtool("check", "rules", RULES)


def test_each_alert_rings_when_it_should() -> None:
    """And only then, with words that are right."""
    promtool("test", "rules", TESTS_OF_RULES)


@pytest.mark.parametrize("name", alerts())
def test_each_alert_is_tried_ringing_and_quiet(name: str) -> None:
    """In the file that the tool runs."""
    tried = re.findall(rf"alertname: {name}\n +eval_time: \w+\n +exp_alerts:(.*)", TESTS_OF_RULES.read_text())
    assert {bool(quiet) for quiet in tried} == {True, False}


@pytest.mark.parametrize("name", alerts())
def test_each_alert_says_how_bad_it_is_and_what_to_do(name: str) -> None:
    """By a command that there is."""
    text = alerts()[name]
    assert re.search(r"severity: (warning|critical)\n", text)
    assert "summary:" in text
    commands = typer.main.get_command(app).commands.keys()  # type: ignore[attr-defined]
    named = set(_COMMAND.findall(text.partition("description:")[2]))
    assert named <= commands, named - commands
    assert named


def test_rules_and_dashboard_are_about_metrics_that_there_are() -> None:
    """A renamed metric would leave an alert silent for ever."""
    named = metrics_in("".join(alerts().values())) | metrics_in("".join(expressions()))
    assert named <= INSTRUMENTS.keys(), named - INSTRUMENTS.keys()


def test_the_dashboard_shows_every_metric() -> None:
    """Somewhere."""
    assert metrics_in("".join(expressions())) == INSTRUMENTS.keys()


def test_what_the_dashboard_asks_for_is_right(tmp_path: Path) -> None:
    """As rules, which the tool reads."""
    rules = [{"record": f"panel:{at}", "expr": expression} for at, expression in enumerate(expressions())]
    file = tmp_path / "rules.json"  # which is YAML, too
    file.write_text(json.dumps({"groups": [{"name": "panels", "rules": rules}]}))
    assert f"{len(rules)} rules found" in promtool("check", "rules", file)


def test_the_panels_have_places_of_their_own() -> None:
    """Within the width of the page, and none on another."""
    taken: set[tuple[int, int]] = set()
    for panel in panels():
        place = panel["gridPos"]
        cells = {
            (x, y)
            for x in range(place["x"], place["x"] + place["w"])
            for y in range(place["y"], place["y"] + place["h"])
        }
        assert place["x"] + place["w"] <= 24
        assert not cells & taken, panel["title"]
        taken |= cells


def test_every_panel_asks_the_data_source_that_is_chosen() -> None:
    """And has an id and a title of its own."""
    shown = list(panels())
    assert {json.dumps(panel["datasource"]) for panel in shown} == {
        json.dumps({"type": "prometheus", "uid": "${datasource}"})
    }
    for key in ("id", "title"):
        assert len({panel[key] for panel in shown}) == len(shown)


# -- in the guide --------------------------------------------------------------------------------
def test_the_guide_has_every_metric_as_it_is() -> None:
    """Its type, its labels, and what its help says."""
    rows = [
        f"| `{metric.name}` | {metric.kind} | {', '.join(f'`{label}`' for label in metric.labels)} | {metric.help} |"
        for metric in INSTRUMENTS.values()
    ]
    assert [line for line in section(GUIDE, "Metrics").splitlines() if line.startswith("| `")] == rows


def test_the_guide_has_every_alert() -> None:
    """In their order, and how bad each is."""
    severities = {name: re.findall(r"severity: (\w+)", text)[0] for name, text in alerts().items()}
    assert dict(re.findall(r"^\| `(Musterq\w+)` \| (\w+) \|", section(GUIDE, "Alerts"), re.MULTILINE)) == severities
