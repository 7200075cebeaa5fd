"""git at work, as looks see it (P4)."""

from __future__ import annotations

from pathlib import Path

from connectord.project import GitBusy, GitWork
from connectord.sync.git_work import GitWorkWatch

LOCK = GitBusy(GitWork.LOCK, Path("/repo/.git/index.lock"))


def test_work_is_measured_from_the_first_look_that_saw_it() -> None:
    now = 0.0
    watch = GitWorkWatch(lambda: now)
    assert (watch.look(None), watch.seconds()) == (None, 0.0)
    now = 5.0
    assert "index.lock" in (watch.look(LOCK) or "")
    now = 8.0
    watch.look(LOCK)
    assert watch.seconds() == 3.0


def test_p4_finished_work_counts_for_a_while_since_head_moves_after_the_lock_is_gone() -> None:
    now = 0.0
    watch = GitWorkWatch(lambda: now)
    watch.look(LOCK)
    now = 1.9
    assert watch.look(None) is not None
    now = 2.0
    assert (watch.look(None), watch.seconds()) == (None, 0.0)
