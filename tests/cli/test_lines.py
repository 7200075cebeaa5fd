"""The daemon's lines: JSON for programs, sentences for people."""

from __future__ import annotations

import json
from datetime import UTC, datetime

import pytest

from connectord.cli.lines import json_lines, readable_lines
from connectord.control import News, NewsKind, Tone

NOW = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)


def test_a_json_line_leaves_out_what_is_not_known(capsys: pytest.CaptureFixture[str]) -> None:
    json_lines()(News(at=NOW, event=NewsKind.DAEMON_STARTED, message="grüß dich"))
    assert json.loads(capsys.readouterr().out) == {
        "v": 1,
        "at": "2026-11-21T12:00:00Z",
        "event": "daemon.started",
        "message": "grüß dich",
    }


def test_a_message_with_line_breaks_is_still_one_json_line(capsys: pytest.CaptureFixture[str]) -> None:
    json_lines()(News(at=NOW, event=NewsKind.NOTICE, message="a\nb", types=("slack",)))
    (line,) = capsys.readouterr().out.splitlines()
    assert json.loads(line)["types"] == ["slack"]


def test_a_readable_line_has_the_time_of_day_and_no_control_characters(capsys: pytest.CaptureFixture[str]) -> None:
    readable_lines()(News(at=NOW, event=NewsKind.NOTICE, message="slack: \x1b[2Jneeds you", tone=Tone.ATTENTION))
    assert capsys.readouterr().out == f"{NOW.astimezone():%H:%M:%S}  slack: [2Jneeds you\n"


def test_a_request_that_is_tried_again_is_for_the_log_and_for_programs(capsys: pytest.CaptureFixture[str]) -> None:
    news = News(at=NOW, event=NewsKind.REQUEST_RETRIED, message="Could not set slack, trying again in 0.3 s")
    readable_lines()(news)
    assert capsys.readouterr().out == ""
    json_lines()(news)
    assert json.loads(capsys.readouterr().out)["event"] == "request.retried"
