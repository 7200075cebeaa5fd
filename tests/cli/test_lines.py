"""The daemon's lines: JSON for programs, sentences for people."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime

from connectord.cli.lines import Publish, Write, gap, json_lines, readable_lines
from connectord.control import News, NewsKind, Tone

NOW = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)


def said(lines: Callable[[Write], Publish], news: News) -> list[str]:
    heard: list[str] = []
    lines(heard.append)(news)
    return heard


def test_a_json_line_leaves_out_what_is_not_known() -> None:
    (line,) = said(json_lines, News(at=NOW, event=NewsKind.DAEMON_STARTED, message="grüß dich"))
    assert json.loads(line) == {
        "v": 1,
        "at": "2026-11-21T12:00:00Z",
        "event": "daemon.started",
        "message": "grüß dich",
    }


def test_a_message_with_line_breaks_is_still_one_json_line() -> None:
    (line,) = said(json_lines, News(at=NOW, event=NewsKind.NOTICE, message="a\nb", types=("slack",)))
    assert "\n" not in line
    assert json.loads(line)["types"] == ["slack"]


def test_a_readable_line_has_the_time_of_day_and_no_control_characters() -> None:
    news = News(at=NOW, event=NewsKind.NOTICE, message="slack: \x1b[2Jneeds you", tone=Tone.ATTENTION)
    assert said(readable_lines, news) == [f"{NOW.astimezone():%H:%M:%S}  slack: [2Jneeds you"]


def test_how_to_go_on_is_said_once_for_all_projects() -> None:
    publish_lines: list[str] = []
    publish = readable_lines(publish_lines.append)
    for name in ("shop", "blog"):
        publish(News(at=NOW, event=NewsKind.PROJECT_WATCHING, message=f"Watching {name}", project=name))
    assert [line.split("  ", 1)[1].split()[0] for line in publish_lines] == ["Watching", "Save", "Watching"]


def test_a_request_that_is_tried_again_is_for_the_log_and_for_programs() -> None:
    news = News(at=NOW, event=NewsKind.REQUEST_RETRIED, message="Could not set slack, trying again in 0.3 s")
    assert said(readable_lines, news) == []
    assert json.loads(said(json_lines, news)[0])["event"] == "request.retried"


def test_lines_that_nobody_read_in_time_are_counted_in_the_form_of_the_others() -> None:
    assert json.loads(gap(json_lines, 7))["event"] == "stream.dropped"
    assert gap(readable_lines, 7).endswith(
        "  7 lines are missing here: they could not be written in time. The log has them"
    )
