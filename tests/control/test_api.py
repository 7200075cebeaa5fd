"""The local API as its client meets it: the real server on a real socket, a face without an engine."""

from __future__ import annotations

import socket
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import TypeVar

import pytest
from tests.support.face import NOON, FakeFace, a_connector, a_project_status, some_news
from tests.support.fake_daemon import WITHIN, FakeDaemon, fake_daemon
from tests.support.project import a_project

from connectord import __version__
from connectord.base44 import SignedOut
from connectord.control.broadcast import Broadcast
from connectord.control.endpoint import socket_path
from connectord.control.models import HistoryEntry, WaitResult
from connectord.control.news import NewsKind
from connectord.control.unanswered import DaemonGone, NoDaemon, Refusal

T = TypeVar("T")


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return a_project(tmp_path / "shop").root


def test_a_status_arrives_as_it_was_given(daemon: FakeDaemon) -> None:
    daemon.face.projects = [a_project_status(connectors=(a_connector("slack", "failed", error="no"),))]
    assert daemon.client.status() == daemon.face.status(None)


def test_any_folder_inside_a_project_names_it(daemon: FakeDaemon, root: Path) -> None:
    daemon.face.projects = [a_project_status("/elsewhere"), a_project_status(root)]
    inside = root / "base44" / "connectors"
    assert [project.path for project in daemon.client.status(inside).projects] == [str(root)]


def test_a_known_root_is_answered_for_without_a_look_at_any_disk(
    daemon: FakeDaemon, root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    daemon.face.projects = [a_project_status(root)]
    monkeypatch.setattr("connectord.control.known_root.find_root", pytest.fail)
    assert [project.path for project in daemon.client.status(root).projects] == [str(root)]


def test_a_symlink_to_a_project_names_it(daemon: FakeDaemon, root: Path, tmp_path: Path) -> None:
    daemon.face.projects = [a_project_status(root)]
    (tmp_path / "link").symlink_to(root)
    assert len(daemon.client.status(tmp_path / "link" / "base44").projects) == 1


def test_a_project_whose_folder_is_gone_can_still_be_asked_after_and_removed(daemon: FakeDaemon) -> None:
    gone = Path("/no/such/disk/shop")
    daemon.face.projects = [a_project_status(gone)]
    assert daemon.client.status(gone / "base44").projects[0].path == str(gone)
    daemon.client.remove_project(gone)
    assert daemon.face.projects == []


def test_an_unregistered_project_inside_a_registered_one_is_not_mistaken_for_it(daemon: FakeDaemon, root: Path) -> None:
    daemon.face.projects = [a_project_status(root)]
    inner = a_project(root / "packages" / "inner").root
    with pytest.raises(Refusal) as caught:
        daemon.client.status(inner)
    assert caught.value.code == "UNKNOWN_PROJECT"
    assert str(inner) in caught.value.what


def test_an_unknown_project_is_refused_with_what_to_do(daemon: FakeDaemon, tmp_path: Path) -> None:
    with pytest.raises(Refusal) as caught:
        daemon.client.pause(a_project(tmp_path).root)
    assert caught.value.code == "UNKNOWN_PROJECT"
    assert f"connectord projects add {tmp_path}" in caught.value.todo[0]


def test_a_path_with_bytes_that_are_not_utf8_arrives_whole(daemon: FakeDaemon, tmp_path: Path) -> None:
    odd = tmp_path / "\udcff & ?#%"
    odd.mkdir()
    with pytest.raises(Refusal):  # the answer can't hold such a path, the question can
        daemon.client.add_project(odd)
    assert daemon.face.asked == [("add", odd)]


def test_a_project_is_added_and_removed(daemon: FakeDaemon, root: Path) -> None:
    assert daemon.client.add_project(root).new
    assert not daemon.client.add_project(root).new
    daemon.client.remove_project(root / "base44")
    assert daemon.face.asked[-1] == ("remove", root)


def test_pause_resume_and_push_answer_with_the_status_as_it_is_then(daemon: FakeDaemon, root: Path) -> None:
    daemon.face.projects = [a_project_status(root), a_project_status("/elsewhere")]
    assert [one.state for one in daemon.client.pause(root).projects] == ["paused"]
    assert [one.state for one in daemon.client.resume(root).projects] == ["synced"]
    assert [one.state for one in daemon.client.push().projects] == ["syncing", "syncing"]
    assert daemon.face.asked == [("pause", root), ("resume", root), ("push", None)]


def test_a_snooze_answers_with_the_daemon_as_it_is_then(daemon: FakeDaemon) -> None:
    assert daemon.client.snooze(60.0).snoozed_until is not None
    assert daemon.client.snooze(0.0).snoozed_until is None
    assert daemon.face.asked == [("snooze 60", None), ("snooze 0", None)]


@pytest.mark.parametrize("seconds", [-1.0, float("nan"), 1e9])
def test_a_snooze_of_no_length_is_refused(daemon: FakeDaemon, seconds: float) -> None:
    with pytest.raises(Refusal, match="`seconds` must be between 0 and 604800 seconds"):
        daemon.client.snooze(seconds)
    assert daemon.face.asked == []


def test_history_is_limited(daemon: FakeDaemon) -> None:
    daemon.face.entries = tuple(
        HistoryEntry(id=number, at=NOON, kind="push.finished", message=str(number)) for number in (3, 2, 1)
    )
    assert [entry.id for entry in daemon.client.history(limit=2)] == [3, 2]


def test_waiting_returns_when_it_is_settled(daemon: FakeDaemon) -> None:
    answers = _in_a_thread(lambda: daemon.client.wait(timeout=WITHIN))
    daemon.until(daemon.face.waiting)
    daemon.on_its_loop(daemon.face.settled.set)
    assert answers() == WaitResult(settled=True, projects=())


def test_waiting_ends_with_its_time(daemon: FakeDaemon) -> None:
    assert not daemon.client.wait(timeout=0).settled


def test_a_command_that_waits_is_told_when_the_daemon_ends(daemon: FakeDaemon) -> None:
    answers = _in_a_thread(lambda: daemon.client.wait(timeout=WITHIN))
    daemon.until(daemon.face.waiting)
    daemon.client.stop()
    with pytest.raises(Refusal) as caught:
        answers()
    assert caught.value.code == "DAEMON_ENDING"


def test_nothing_goes_on_waiting_for_a_command_that_has_gone(daemon: FakeDaemon) -> None:
    connection = _begin_waiting(daemon)
    daemon.until(daemon.face.waiting)
    connection.close()
    while daemon.face.waits_cancelled == 0:
        daemon.client.daemon()
    assert daemon.face.waits_cancelled == 1


def test_news_come_from_the_moment_of_asking_on(daemon: FakeDaemon) -> None:
    with daemon.client.events() as news:
        daemon.on_its_loop(lambda: daemon.face.news.publish(some_news("first")))
        assert next(news).message == "first"


def test_news_of_other_projects_are_left_out_and_the_daemons_own_are_not(daemon: FakeDaemon, root: Path) -> None:
    daemon.face.projects = [a_project_status(root)]
    told = [some_news("other", project="/elsewhere"), some_news("own", project=str(root)), some_news("daemon")]
    with daemon.client.events(root) as news:
        for one in told:
            daemon.on_its_loop(partial(daemon.face.news.publish, one))
        assert [next(news).message, next(news).message] == ["own", "daemon"]


def test_the_stream_of_news_ends_with_the_daemon(daemon: FakeDaemon) -> None:
    with daemon.client.events() as news:
        daemon.client.stop()
        assert list(news) == []


def test_a_reader_that_hangs_up_is_forgotten(daemon: FakeDaemon) -> None:
    with daemon.client.events():
        assert daemon.face.news.subscribers == 1
    while daemon.face.news.subscribers:
        daemon.client.daemon()
    assert daemon.face.news.subscribers == 0


def test_a_reader_that_does_not_read_is_dropped_and_told_so(runtime: Path) -> None:
    face = FakeFace(news=Broadcast(limit=10))
    with fake_daemon(runtime, face) as daemon, daemon.client.events() as news:

        def flood() -> None:
            for _ in range(11):
                face.news.publish(some_news())

        daemon.on_its_loop(flood)
        heard = list(news)
        assert [one.event for one in heard[-1:]] == [NewsKind.STREAM_DROPPED]
        assert len(heard) == 11


def test_an_error_of_the_engine_arrives_in_its_own_words(daemon: FakeDaemon) -> None:
    daemon.face.failure = SignedOut("You are signed out.", todo=("connectord login",), details=("since noon",))
    with pytest.raises(Refusal) as caught:
        daemon.client.status()
    assert (caught.value.what, caught.value.code) == ("You are signed out.", "AUTH_REQUIRED")
    assert (caught.value.todo, caught.value.details) == (("connectord login",), ("since noon",))


def test_p14_nothing_is_made_of_the_projects_for_who_asks_about_the_daemon_alone(daemon: FakeDaemon) -> None:
    daemon.client.daemon()
    assert daemon.face.statuses_made == 0
    daemon.client.status()
    assert daemon.face.statuses_made == 1


def test_a_defect_is_a_sentence_for_the_command_and_a_traceback_for_the_log(
    daemon: FakeDaemon, caplog: pytest.LogCaptureFixture
) -> None:
    daemon.face.failure = ZeroDivisionError("oops")
    with pytest.raises(Refusal) as caught:
        daemon.client.status()
    assert "ZeroDivisionError: oops" in caught.value.what
    daemon.face.failure = None
    assert daemon.client.daemon().version == __version__
    assert "Traceback" in caplog.text


@pytest.mark.parametrize("parameters", [{"timeout": "soon"}, {"timeout": "-1"}, {"timeout": "nan"}, {}])
def test_a_wait_without_sensible_seconds_is_refused(daemon: FakeDaemon, parameters: dict[str, float]) -> None:
    with pytest.raises(Refusal) as caught, daemon.client._exchange("POST", "/wait", parameters=parameters, patience=5):
        pass
    assert caught.value.code == "BAD_REQUEST"


def test_a_route_that_is_not_there_is_refused_with_the_version(daemon: FakeDaemon) -> None:
    with pytest.raises(Refusal) as caught, daemon.client._exchange("GET", "/future", patience=5):
        pass
    assert caught.value.code == "NO_SUCH_ROUTE"
    assert __version__ in caught.value.what


def test_after_its_end_nobody_answers_and_nothing_is_left_of_the_socket(daemon: FakeDaemon) -> None:
    daemon.client.stop()
    while True:
        try:
            daemon.client.daemon()
        except DaemonGone:
            continue
        except NoDaemon as error:
            if "isn't running" in error.what:
                break
    assert not list(daemon.runtime.glob("*.sock"))


def _in_a_thread(call: Callable[[], T]) -> Callable[[], T]:
    """Start a call that takes its time; the function returned waits for its result."""
    pool = ThreadPoolExecutor(1)
    future = pool.submit(call)
    pool.shutdown(wait=False)
    return lambda: future.result(WITHIN)


def _begin_waiting(daemon: FakeDaemon) -> socket.socket:
    connection = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    connection.connect(str(socket_path(daemon.runtime)))
    connection.sendall(b"POST /v1/wait?timeout=60 HTTP/1.1\r\nHost: localhost\r\n\r\n")
    return connection
