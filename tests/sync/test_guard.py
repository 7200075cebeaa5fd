"""The guard as a table: for every reason one row, every pair of reasons, and the edges of what a mass is (P3 to P6)."""

from __future__ import annotations

from dataclasses import replace
from itertools import combinations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectord.project.git_moves import UNKNOWN
from connectord.project.model import DirectoryState
from connectord.sync.guard import (
    LASTING,
    Absent,
    Go,
    Hold,
    HoldReason,
    Keep,
    RemovalMode,
    RemovalPolicy,
    Scene,
    Verdict,
    Wait,
    WaitReason,
    judge,
    judge_approved,
)

OLD = Absent("slack", age=10.0)
FIVE = Scene(DirectoryState.PRESENT, None, files=4, known=5)
POLICY = RemovalPolicy()


def ruled(absent: Absent = OLD, scene: Scene = FIVE, policy: RemovalPolicy = POLICY) -> Verdict:
    return judge([absent], scene, policy)["slack"]


def reason(verdict: Verdict) -> object:
    return verdict.reason if isinstance(verdict, Hold | Wait) else type(verdict)


ROWS: dict[str, tuple[Absent, Scene, RemovalPolicy, object]] = {
    "gone for long enough": (OLD, FIVE, POLICY, Go),
    "gone for a moment": (replace(OLD, age=9.9), FIVE, POLICY, WaitReason.GRACE),
    "beside a broken file": (OLD, replace(FIVE, why="slack.jsonc:3:1: no"), POLICY, WaitReason.PROBLEMS),
    "git at work": (OLD, replace(FIVE, git_busy="a rebase"), POLICY, WaitReason.GIT_BUSY),
    "a lock left behind": (OLD, replace(FIVE, git_busy="a lock", git_busy_for=600.0), POLICY, HoldReason.GIT_BUSY),
    "another file isn't accepted": (OLD, replace(FIVE, unsent=True), POLICY, WaitReason.UNSENT),
    "no directory": (OLD, Scene(DirectoryState.MISSING, "It isn't there.", 0, 1), POLICY, HoldReason.ROOT_MISSING),
    "no permission": (OLD, Scene(DirectoryState.UNREADABLE, "It can't.", 0, 1), POLICY, HoldReason.ROOT_MISSING),
    "a file in its place": (
        OLD, Scene(DirectoryState.NOT_A_DIRECTORY, "It is a file.", 0, 1), POLICY, HoldReason.ROOT_MISSING
    ),
    "another directory": (replace(OLD, replaced=True), FIVE, POLICY, HoldReason.ROOT_REPLACED),
    "the only one": (OLD, Scene(DirectoryState.PRESENT, None, files=0, known=1), POLICY, HoldReason.ROOT_EMPTIED),
    "another app": (replace(OLD, other_app=True), FIVE, POLICY, HoldReason.APP_CHANGED),
    "git took it": (replace(OLD, switched="checkout"), FIVE, POLICY, HoldReason.BRANCH_SWITCHED),
    "another checkout has it": (replace(OLD, used_by="/b/slack.jsonc"), FIVE, POLICY, HoldReason.USED_ELSEWHERE),
    "the third within minutes": (OLD, replace(FIVE, removed=2, known=9), POLICY, HoldReason.MASS_REMOVAL),
    "changed on Base44": (replace(OLD, changed_elsewhere=True), FIVE, POLICY, HoldReason.CHANGED_ELSEWHERE),
    "to be asked": (OLD, FIVE, RemovalPolicy(RemovalMode.ASK), HoldReason.ASKED),
    "never": (OLD, FIVE, RemovalPolicy(RemovalMode.NEVER), Keep),
    "mirrored": (OLD, FIVE, RemovalPolicy(RemovalMode.MIRROR), Go),
}  # fmt: skip


@pytest.mark.parametrize("row", ROWS.values(), ids=ROWS.keys())
def test_each_reason_alone(row: tuple[Absent, Scene, RemovalPolicy, object]) -> None:
    absent, scene, policy, expected = row
    assert reason(ruled(absent, scene, policy)) == expected


BLOCKING = [name for name in ROWS if ROWS[name][3] is not Go]


@pytest.mark.parametrize(("one", "other"), list(combinations(BLOCKING, 2)))
def test_two_reasons_together_never_let_it_go(one: str, other: str) -> None:
    def merged(values: tuple[object, object], default: object) -> object:
        return values[0] if values[0] != default else values[1]

    fields = [
        {field: merged((getattr(ROWS[one][place], field), getattr(ROWS[other][place], field)), getattr(plain, field))
         for field in plain.__dataclass_fields__}
        for place, plain in ((0, OLD), (1, FIVE), (2, POLICY))
    ]  # fmt: skip
    verdict = ruled(Absent(**fields[0]), Scene(**fields[1]), RemovalPolicy(**fields[2]))  # type: ignore[arg-type]
    assert not isinstance(verdict, Go)


@pytest.mark.parametrize(
    ("gone", "known", "held"),
    [(1, 2, False), (1, 1, True), (2, 2, True), (2, 3, False), (2, 4, False), (2, 9, False), (3, 4, True),
     (3, 8, True), (3, 40, True), (9, 10, True), (10, 10, True)],
)  # fmt: skip
def test_p5_more_than_two_or_more_than_half_of_four_is_a_mass(gone: int, known: int, held: bool) -> None:
    absent = [replace(OLD, type=f"type-{number}") for number in range(gone)]
    scene = Scene(DirectoryState.PRESENT, None, files=known - gone, known=known)
    verdicts = judge(absent, scene, POLICY)
    expected = {HoldReason.MASS_REMOVAL if known > gone else HoldReason.ROOT_EMPTIED} if held else {Go}
    assert {reason(verdict) for verdict in verdicts.values()} == expected


def test_p5_a_greater_limit_still_holds_the_greater_part() -> None:
    absent = [replace(OLD, type=f"type-{number}") for number in range(5)]
    policy = RemovalPolicy(at_once=20)
    nine, ten = (Scene(DirectoryState.PRESENT, None, files=known - 5, known=known) for known in (9, 10))
    assert reason(judge(absent, nine, policy)["type-0"]) == HoldReason.MASS_REMOVAL
    assert reason(judge(absent, ten, policy)["type-0"]) is Go


def test_p5_files_that_went_a_moment_ago_count_into_the_mass() -> None:
    absent = [OLD, replace(OLD, type="b", age=1.0), replace(OLD, type="c", age=0.0)]
    verdicts = judge(absent, Scene(DirectoryState.PRESENT, None, files=7, known=10), POLICY)
    assert [reason(verdict) for verdict in verdicts.values()] == [
        HoldReason.MASS_REMOVAL, WaitReason.GRACE, WaitReason.GRACE
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("absent", "words"),
    [
        (replace(OLD, age=0.0), "it has no file here"),
        (replace(OLD, switched="checkout"), "git moved while it had no file here (checkout)"),
        (replace(OLD, switched=f"{UNKNOWN} x"), "it can't be told whether git moved while it had no file here (x)"),
    ],
)
def test_p12_of_an_untracked_connector_no_file_is_said_to_have_gone(absent: Absent, words: str) -> None:
    verdict = ruled(replace(absent, untracked=True))
    assert isinstance(verdict, Wait | Hold)
    assert verdict.why == words
    gone = ruled(absent)
    assert isinstance(gone, Wait | Hold)
    assert "file is gone" in gone.why or "when the file went" in gone.why


@pytest.mark.parametrize("held", sorted(LASTING))
def test_p5_a_hold_outlasts_its_cause(held: HoldReason) -> None:
    assert reason(ruled(replace(OLD, held=held))) == held


def test_p4_a_hold_for_git_ends_when_git_has_finished() -> None:
    assert reason(ruled(replace(OLD, held=HoldReason.GIT_BUSY))) is Go


def test_p9_a_hold_for_git_goes_on_while_git_does_however_long_this_process_has_seen_it() -> None:
    young = replace(OLD, age=0.0, held=HoldReason.GIT_BUSY)
    assert reason(ruled(young, replace(FIVE, git_busy="a lock", git_busy_for=0.0))) == HoldReason.GIT_BUSY


@pytest.mark.parametrize(
    ("held", "seconds", "expected"),
    [
        (HoldReason.MASS_REMOVAL, 599.0, WaitReason.GIT_BUSY),
        (HoldReason.MASS_REMOVAL, 600.0, Go),
        (HoldReason.GIT_BUSY, 0.0, Go),
    ],
)
def test_p4_what_is_approved_waits_for_git_unless_just_that_was_approved(
    held: HoldReason, seconds: float, expected: object
) -> None:
    scene = replace(FIVE, git_busy="a checkout", git_busy_for=seconds)
    assert reason(judge_approved(replace(OLD, held=held), scene, POLICY)) == expected


@pytest.mark.parametrize(
    ("absent", "scene", "policy", "words"),
    [
        (replace(OLD, held=HoldReason.MASS_REMOVAL), FIVE, POLICY,
         "too many connectors were without their file at the same time"),
        (replace(OLD, held=HoldReason.ASKED), FIVE, POLICY, 'the settings said removals = "ask"'),
        (replace(OLD, held=HoldReason.BRANCH_SWITCHED), FIVE, POLICY, "git moved when the file went (another branch)"),
        (replace(OLD, switched="unknown: HEAD is broken"), FIVE, POLICY,
         "it can't be told whether git moved when the file went (HEAD is broken)"),
        (OLD, replace(FIVE, removed=2, known=9), POLICY, "3 of 9 connectors lost their file within a short time"),
    ],
)  # fmt: skip
def test_p5_a_hold_says_what_is_true_of_it_now(absent: Absent, scene: Scene, policy: RemovalPolicy, words: str) -> None:
    verdict = ruled(absent, scene, policy)
    assert isinstance(verdict, Hold)
    assert verdict.why == words


@pytest.mark.parametrize(
    ("scene", "expected"),
    [
        (FIVE, Go),
        (replace(FIVE, files=0), Go),
        (Scene(DirectoryState.MISSING, "It isn't there.", 0, 1), Go),
        (replace(FIVE, why="slack.jsonc:3:1: no"), WaitReason.PROBLEMS),
        (replace(FIVE, unsent=True), WaitReason.UNSENT),
    ],
)
def test_p6_an_approval_overrides_the_hold_and_not_what_may_be_read_wrongly(scene: Scene, expected: object) -> None:
    assert reason(judge_approved(OLD, scene, POLICY)) == expected


@given(
    st.lists(
        st.builds(
            Absent,
            type=st.text(min_size=1),
            age=st.floats(0, 20),
            replaced=st.booleans(),
            switched=st.none() | st.just("checkout"),
            other_app=st.booleans(),
            used_by=st.none() | st.just("/b/slack.jsonc"),
            changed_elsewhere=st.booleans(),
            held=st.none() | st.sampled_from(HoldReason),
        ),
        min_size=1,
        max_size=6,
        unique_by=lambda one: one.type,
    ),
    st.builds(
        Scene,
        state=st.sampled_from(DirectoryState),
        why=st.none() | st.just("broken"),
        files=st.integers(0, 9),
        known=st.integers(1, 12),
        removed=st.integers(0, 3),
        git_busy=st.none() | st.just("a merge"),
        git_busy_for=st.floats(0, 2000),
        unsent=st.booleans(),
    ),
    st.sampled_from(RemovalMode),
)
def test_nothing_goes_unless_everything_is_certain(absent: list[Absent], scene: Scene, mode: RemovalMode) -> None:
    for one in absent:
        verdict = judge(absent, scene, RemovalPolicy(mode))[one.type]
        if isinstance(verdict, Go):
            assert scene.state is DirectoryState.PRESENT
            assert not any((scene.why, scene.git_busy, scene.unsent, scene.files == 0))
            assert not any((one.replaced, one.switched, one.other_app, one.used_by, one.changed_elsewhere))
            assert one.age >= POLICY.grace
            assert len(absent) + scene.removed <= POLICY.at_once
            assert mode in {RemovalMode.TRACKED, RemovalMode.MIRROR}
            assert one.held in {None, HoldReason.GIT_BUSY}
