"""The guard: whether a connector whose file is gone may be removed, as a pure function (P3 to P6, docs/removal.md).

Three answers: it may go, it waits for something that ends by itself, or a hold keeps it until a person says a word.
Where nothing is certain the answer is never "it may go".
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from connectord.project.git_moves import UNKNOWN
from connectord.project.model import DirectoryState


class HoldReason(StrEnum):
    """Why removals are held for a person's word (P5; the last four are our own)."""

    ROOT_MISSING = "root-missing"
    ROOT_REPLACED = "root-replaced"
    ROOT_EMPTIED = "root-emptied"
    APP_CHANGED = "app-changed"
    BRANCH_SWITCHED = "branch-switched"
    MASS_REMOVAL = "mass-removal"
    USED_ELSEWHERE = "used-elsewhere"
    CHANGED_ELSEWHERE = "changed-elsewhere"
    GIT_BUSY = "git-busy"
    ASKED = "asked"


class WaitReason(StrEnum):
    """What a removal waits for; it ends by itself."""

    GRACE = "grace"
    PROBLEMS = "problems"
    GIT_BUSY = "git-busy"
    UNSENT = "unsent"
    FAILED = "failed"
    ASKING = "asking"


class RemovalMode(StrEnum):
    """The setting `removals`."""

    TRACKED = "tracked"
    MIRROR = "mirror"
    ASK = "ask"
    NEVER = "never"


@dataclass(frozen=True, slots=True)
class RemovalPolicy:
    """The settings of removal. `grace` and `git_limit` are seconds; `at_once` and `share` say what a mass removal is:

    more files than `at_once`, or, of four files and more, a greater part than `share`.
    """

    mode: RemovalMode = RemovalMode.TRACKED
    grace: float = 10.0
    at_once: int = 2
    share: float = 0.5
    git_limit: float = 600.0


SHARE_COUNTS_FROM: Final = 4
"""Of fewer files, half is one file: that is no mass (P5)."""


@dataclass(frozen=True, slots=True)
class Absent:
    """One connector without its file, and how that came about.

    `age` is how long its absence has been looked at, in seconds. `untracked`: this machine knows of no file of it, it
    was found on Base44. `replaced`: the directory isn't the one that the file was last seen in. `switched` is what git
    did since then, if it did anything that takes files away. `used_by` is its file in another folder of the same app.
    `held` is the hold that it is in.
    """

    type: str
    age: float
    untracked: bool = False
    replaced: bool = False
    switched: str | None = None
    other_app: bool = False
    used_by: str | None = None
    changed_elsewhere: bool = False
    held: HoldReason | None = None


@dataclass(frozen=True, slots=True)
class Scene:
    """What surrounds the absent connectors. `why` says what is wrong with the directory or the files in it.

    `files` are the connectors that have one, `removed` those that lost theirs a short while ago and are removed
    already, `known` is how many this machine knows, absent and removed ones included. `git_busy` names what git is in
    the middle of, `git_busy_for` since how many seconds. `unsent`: a file's content is not accepted yet.
    """

    state: DirectoryState
    why: str | None
    files: int
    known: int
    removed: int = 0
    git_busy: str | None = None
    git_busy_for: float = 0.0
    unsent: bool = False


@dataclass(frozen=True, slots=True)
class Go:
    """It may be removed, after a fresh look."""


@dataclass(frozen=True, slots=True)
class Wait:
    """It is not removed yet. `seconds` until it is worth looking again; None: something else will wake us."""

    reason: WaitReason
    why: str
    seconds: float | None = None


@dataclass(frozen=True, slots=True)
class Hold:
    """It is not removed before a person says so."""

    reason: HoldReason
    why: str


@dataclass(frozen=True, slots=True)
class Keep:
    """It is never removed: the setting says so."""


Verdict = Go | Wait | Hold | Keep

GIT_LOOK_SECONDS: Final = 1.0
"""How often git is looked at again while a removal waits for it to finish."""

LASTING: Final = frozenset(HoldReason) - {HoldReason.GIT_BUSY}
"""Holds that end only by a word, or when the file is back: that the cause has gone does not bring the file back."""


def judge(absent: Collection[Absent], scene: Scene, policy: RemovalPolicy) -> Mapping[str, Verdict]:
    """What is to be done about each absent connector, approvals aside."""
    return {one.type: _judge(one, len(absent), scene, policy) for one in absent}


def judge_approved(one: Absent, scene: Scene, policy: RemovalPolicy) -> Go | Wait:
    """What is to be done about a connector whose removal a person approved by name.

    What git is at may be bringing the file back, unless just that was approved: that git doesn't finish.
    """
    if scene.state is DirectoryState.PRESENT and scene.why:
        return Wait(WaitReason.PROBLEMS, scene.why)
    if one.held is not HoldReason.GIT_BUSY and (busy := waits_for_git(scene, policy)):
        return busy
    return Wait(WaitReason.UNSENT, _UNSENT) if scene.unsent else Go()


_UNSENT: Final = "a changed connector of this project isn't accepted yet"


def _judge(one: Absent, count: int, scene: Scene, policy: RemovalPolicy) -> Verdict:
    if policy.mode is RemovalMode.NEVER:
        return Keep()
    # A hold outlasts its cause; what is in none waits until the files and git say something definite.
    reason = one.held if one.held in LASTING or scene.git_busy else None
    waits = None if reason else _waits(one, scene, policy)
    if waits is not None:
        return waits
    reason = reason or _hold_reason(one, count, scene, policy)
    if reason is not None:
        return Hold(reason, _hold_words(one, count, scene, policy)[reason])
    return Wait(WaitReason.UNSENT, _UNSENT) if scene.unsent else Go()


def _waits(one: Absent, scene: Scene, policy: RemovalPolicy) -> Wait | None:
    if one.age < policy.grace:
        why = "it has no file here" if one.untracked else "its file is gone"
        return Wait(WaitReason.GRACE, why, policy.grace - one.age)
    if scene.state is DirectoryState.PRESENT and scene.why:
        return Wait(WaitReason.PROBLEMS, scene.why)
    return waits_for_git(scene, policy)


def waits_for_git(scene: Scene, policy: RemovalPolicy) -> Wait | None:
    """What git is in the middle of, until that takes too long."""
    if scene.git_busy and scene.git_busy_for < policy.git_limit:
        return Wait(WaitReason.GIT_BUSY, scene.git_busy, GIT_LOOK_SECONDS)
    return None


def _hold_reason(one: Absent, count: int, scene: Scene, policy: RemovalPolicy) -> HoldReason | None:
    rows = (
        (one.other_app, HoldReason.APP_CHANGED),
        # Before the directory: git takes an empty one away, and what git did is what a person wants to know.
        (one.switched is not None, HoldReason.BRANCH_SWITCHED),
        (scene.state is not DirectoryState.PRESENT, HoldReason.ROOT_MISSING),
        (one.replaced, HoldReason.ROOT_REPLACED),
        (scene.files == 0, HoldReason.ROOT_EMPTIED),
        (_is_mass(count + scene.removed, scene, policy), HoldReason.MASS_REMOVAL),
        (one.used_by is not None, HoldReason.USED_ELSEWHERE),
        (one.changed_elsewhere, HoldReason.CHANGED_ELSEWHERE),
        (scene.git_busy is not None, HoldReason.GIT_BUSY),
        (policy.mode is RemovalMode.ASK, HoldReason.ASKED),
    )
    return next((reason for fits, reason in rows if fits), None)


def _is_mass(lost: int, scene: Scene, policy: RemovalPolicy) -> bool:
    return lost > policy.at_once or (scene.known >= SHARE_COUNTS_FROM and lost > scene.known * policy.share)


def _hold_words(one: Absent, count: int, scene: Scene, policy: RemovalPolicy) -> Mapping[HoldReason, str]:
    """Why, for a person, after "held because". A hold outlasts its cause, so it may be of what was."""
    return {
        HoldReason.ROOT_MISSING: (scene.why or "the connectors directory was away").rstrip("."),
        HoldReason.ROOT_REPLACED: "the connectors directory was replaced by another one",
        HoldReason.ROOT_EMPTIED: "no connector file was left",
        HoldReason.APP_CHANGED: "it had no file when the project was linked to this app",
        HoldReason.BRANCH_SWITCHED: _git_words(one),
        HoldReason.MASS_REMOVAL: _mass_words(count, scene, policy),
        HoldReason.USED_ELSEWHERE: f"another folder with the same app has it: {one.used_by or 'its file was there'}",
        HoldReason.CHANGED_ELSEWHERE: "it was changed on Base44 after this machine had pushed it",
        HoldReason.GIT_BUSY: f"git has not finished for long: {scene.git_busy}",
        HoldReason.ASKED: 'the settings said removals = "ask"',
    }


def _git_words(one: Absent) -> str:
    switched, then = one.switched, "while it had no file here" if one.untracked else "when the file went"
    if switched is not None and switched.startswith(UNKNOWN):
        return f"it can't be told whether git moved {then} ({switched.removeprefix(UNKNOWN).strip()})"
    return f"git moved {then} ({switched or 'another branch'})"


def _mass_words(count: int, scene: Scene, policy: RemovalPolicy) -> str:
    if not _is_mass(count + scene.removed, scene, policy):
        return "too many connectors were without their file at the same time"
    if not scene.removed:
        return f"{count} of {scene.known} connectors are without their file"
    return f"{count + scene.removed} of {scene.known} connectors lost their file within a short time"
