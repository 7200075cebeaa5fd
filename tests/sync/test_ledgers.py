"""What a loop remembers between two looks."""

from __future__ import annotations

from pathlib import Path

from connectord.base44.errors import SignedOut
from connectord.project.model import Connector, Problem, ProblemCode
from connectord.store import BaseKey, Change, MemoryStore
from connectord.sync import Outcome, Result
from connectord.sync.ledgers import FailureLedger, Parking, ProblemLedger
from connectord.sync.told import Told

SLACK, GITHUB = Path("slack.jsonc"), Path("github.jsonc")
SHAPE = Problem(SLACK, ProblemCode.SHAPE, "scopes must be a list", 3, 5)


KEY = BaseKey("https://x", "app", Path("/app/base44/connectors"))


def nothing_told() -> Told:
    return Told(Path("/app"), MemoryStore(), lambda: 1000.0)


def is_news(ledger: FailureLedger, outcome: Outcome, connector: Connector | None, key: BaseKey = KEY) -> bool:
    return ledger.heard(outcome, connector, key).is_news


def syntax(file: Path, line: int = 1) -> Problem:
    return Problem(file, ProblemCode.SYNTAX, "expected a value", line, 1)


def test_a_problem_is_told_once() -> None:
    ledger = ProblemLedger(1.5, nothing_told())
    assert ledger.compare([SHAPE], 0.0).appeared == (SHAPE,)
    assert ledger.compare([SHAPE], 1.0).appeared == ()


def test_a_file_that_does_not_parse_gets_time_for_its_other_half() -> None:
    ledger = ProblemLedger(1.5, nothing_told())
    young = ledger.compare([syntax(SLACK)], 10.0)
    assert (young.appeared, young.look_again_in) == ((), 1.5)
    assert ledger.compare([syntax(SLACK, line=2)], 10.5).look_again_in == 1.0
    assert ledger.compare([syntax(SLACK, line=2)], 11.5).appeared == (syntax(SLACK, line=2),)


def test_a_file_saved_in_two_halves_is_never_told() -> None:
    ledger = ProblemLedger(1.5, nothing_told())
    ledger.compare([syntax(SLACK)], 10.0)
    whole = ledger.compare([], 10.2)
    assert (whole.appeared, whole.mended, whole.look_again_in) == ((), (), None)


def test_patience_starts_anew_for_each_breaking() -> None:
    ledger = ProblemLedger(1.5, nothing_told())
    ledger.compare([syntax(SLACK)], 0.0)
    ledger.compare([], 1.0)
    assert ledger.compare([syntax(SLACK)], 2.0).appeared == ()


def test_a_mended_file_is_told_and_another_problem_of_the_same_file_is_no_mending() -> None:
    ledger = ProblemLedger(0.0, nothing_told())
    ledger.compare([SHAPE, syntax(GITHUB)], 0.0)
    other = Problem(SLACK, ProblemCode.SHAPE, "type is missing", 1, 1)
    news = ledger.compare([other], 1.0)
    assert (news.appeared, news.mended) == ((other,), (syntax(GITHUB),))


def failing(error: str, code: str = "UNREACHABLE", *, transient: bool = True) -> Outcome:
    return Outcome("slack", Result.FAILED, error=error, code=code, transient=transient)


def test_p11_what_passes_by_itself_is_news_once_whatever_it_is_worded_like() -> None:
    ledger = FailureLedger(nothing_told())
    told = [
        is_news(ledger, failing(error), Connector("slack", (error,))) for error in ("no route", "refused", "no route")
    ]
    assert told == [True, False, False]
    login = [failing(error, SignedOut.code, transient=False) for error in ("signed out", "still signed out")]
    assert [is_news(ledger, one, Connector("slack")) for one in login] == [True, False]


def test_another_failure_is_news_for_other_content_and_for_other_words() -> None:
    ledger = FailureLedger(nothing_told())
    refusals = [("a", "no"), ("a", "no"), ("b", "no"), ("b", "never")]
    told = [
        is_news(ledger, failing(why, "400", transient=False), Connector("slack", (what,))) for what, why in refusals
    ]
    assert told == [True, False, True, True]


def test_p11_a_removal_that_is_held_back_is_news_once() -> None:
    ledger, held = FailureLedger(nothing_told()), Outcome("slack", Result.HELD, error="not removed")
    assert [is_news(ledger, held, None) for _ in range(2)] == [True, False]
    assert is_news(ledger, failing("no route"), None)
    assert is_news(ledger, held, None)


def test_p12_every_success_is_news_and_ends_a_failure() -> None:
    ledger, done = FailureLedger(nothing_told()), Outcome("slack", Result.SYNCED)
    assert [is_news(ledger, one, None) for one in (failing("a"), done, done, failing("a"))] == [True] * 4


def test_what_nobody_wants_any_more_has_ended() -> None:
    ledger = FailureLedger(nothing_told())
    is_news(ledger, failing("a"), None)
    ledger.keep_only({"slack"})
    assert not is_news(ledger, failing("a"), None)
    ledger.keep_only({"github"})
    assert is_news(ledger, failing("a"), None)


SLACK_CONNECTOR = Connector("slack", ("a",))


def test_parking_holds_the_same_content_until_its_time() -> None:
    parking = Parking()
    parking.park(KEY, SLACK_CONNECTOR, until=5.0)
    assert parking.waiting(KEY, 4.9) == (SLACK_CONNECTOR,)
    assert parking.waiting(KEY, 5.0) == ()


def test_a_permanent_failure_waits_for_good_or_for_its_release() -> None:
    parking = Parking()
    parking.park(KEY, SLACK_CONNECTOR)
    assert parking.waiting(KEY, 1e12) == (SLACK_CONNECTOR,)
    parking.release("slack")
    assert parking.waiting(KEY, 1e12) == ()


def test_what_failed_for_one_app_is_no_failure_of_another() -> None:
    parking = Parking()
    parking.park(KEY, SLACK_CONNECTOR)
    assert parking.waiting(BaseKey("https://x", "other", KEY.connectors_dir), 0.0) == ()


def test_better_times_release_what_passes_and_a_persons_word_releases_all() -> None:
    parking, github = Parking(), Connector("github")
    parking.park(KEY, SLACK_CONNECTOR)
    parking.park(KEY, github, until=5.0)
    parking.release_passing()
    assert parking.waiting(KEY, 0.0) == (SLACK_CONNECTOR,)
    parking.release_all()
    assert parking.waiting(KEY, 0.0) == ()


def test_a_file_that_went_and_comes_back_is_a_new_wish() -> None:
    parking = Parking()
    parking.park(KEY, SLACK_CONNECTOR)
    parking.keep_only(["github"])
    assert parking.waiting(KEY, 0.0) == ()


def test_a_problem_that_comes_back_after_another_one_is_told_again() -> None:
    ledger = ProblemLedger(0.0, nothing_told())
    other = Problem(SLACK, ProblemCode.SHAPE, "type is missing", 1, 1)
    ledger.compare([SHAPE], 0.0)
    ledger.compare([other], 1.0)
    assert ledger.compare([SHAPE], 2.0).appeared == (SHAPE,)


def refused(request: str, why: str = "no such scope") -> Outcome:
    return failing(f"{why} (400, request {request})", "REFUSED", transient=False)


def test_p11_a_failure_is_the_same_after_a_restart_whatever_its_request_is_called() -> None:
    store = MemoryStore()

    def after_a_start(outcome: Outcome, *scopes: str, key: BaseKey = KEY) -> bool:
        ledger = FailureLedger(Told(Path("/app"), store, lambda: 1000.0))
        heard = ledger.heard(outcome, Connector("slack", scopes), key)
        store.record(Change(noticed=heard.noticed))
        return heard.is_news

    assert [after_a_start(refused(request), "a") for request in ("r1", "r2")] == [True, False]
    assert [after_a_start(refused("r3"), "b"), after_a_start(refused("r4"), "b")] == [True, False]
    assert after_a_start(refused("r5", "gone"), "b")
    assert after_a_start(refused("r6", "gone"), "b", key=BaseKey("https://x", "other", KEY.connectors_dir))
    assert after_a_start(Outcome("slack", Result.SYNCED), "b")
    assert after_a_start(refused("r7", "gone"), "b", key=BaseKey("https://x", "other", KEY.connectors_dir))


def test_p11_a_broken_file_is_the_same_after_a_restart_until_it_was_whole() -> None:
    store = MemoryStore()

    def after_a_start(*problems: Problem) -> tuple[Problem, ...]:
        ledger = ProblemLedger(0.0, Told(Path("/app"), store, lambda: 1000.0))
        news = ledger.compare(problems, 0.0)
        store.record(Change(noticed=news.noticed))
        return news.appeared

    assert [after_a_start(SHAPE), after_a_start(SHAPE)] == [(SHAPE,), ()]
    assert after_a_start(SHAPE, syntax(SLACK)) == (syntax(SLACK),)
    assert after_a_start(syntax(GITHUB)) == (syntax(GITHUB),)
    assert after_a_start(SHAPE, syntax(GITHUB)) == (SHAPE,)


def test_a_broken_file_that_may_be_half_written_at_the_start_stays_told() -> None:
    store = MemoryStore()
    for _ in range(2):
        ledger = ProblemLedger(1.5, Told(Path("/app"), store, lambda: 1000.0))
        first, then = ledger.compare([syntax(SLACK)], 0.0), ledger.compare([syntax(SLACK)], 2.0)
        for news in (first, then):
            store.record(Change(noticed=news.noticed))
    assert (first.appeared, then.appeared, then.noticed) == ((), (), ())
