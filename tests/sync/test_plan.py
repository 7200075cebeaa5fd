"""The plan as a table: every row of "Reconciling one connector" (design.md), and every pair of rows (P2, P3)."""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import permutations
from pathlib import Path

import pytest

from connectord.base44.models import ConnectionStatus, RemoteConnector, StripeMode, StripeStatus
from connectord.project.model import Connector, DirectoryState, Problem, ProblemCode, Snapshot
from connectord.store import BaseEntry
from connectord.sync import Drift, DriftKind, Held, HoldReason, Plan, Remote, WaitReason, mirror_plan, plan
from connectord.sync.plan import LostConsent

DIRECTORY = Path("/app/base44/connectors")


def there(name: str, *scopes: str, status: ConnectionStatus = ConnectionStatus.ACTIVE) -> RemoteConnector:
    return RemoteConnector(type=name, status=status, scopes=scopes)


def a_snapshot(*connectors: Connector, problems: tuple[Problem, ...] = ()) -> Snapshot:
    return Snapshot(DIRECTORY, DirectoryState.PRESENT, connectors, problems)


@dataclass(frozen=True)
class Row:
    """One row: a connector type's file, base and remote, and the part of the plan that they must lead to."""

    name: str
    file: tuple[str, ...] | None = None
    base: BaseEntry | None = None
    remote: RemoteConnector | None = None
    sets: bool = False
    unchanged: bool = False
    removed: bool = False
    held: HoldReason | None = None
    drift: DriftKind | None = None
    forgotten: bool = False
    unauthorized: ConnectionStatus | str | None = None
    untracked: bool = False
    type: str = field(default="")


def entry(*scopes: str, seen: frozenset[str] | None = None, authorized: bool = True) -> BaseEntry:
    return BaseEntry("", scopes, seen_scopes=seen, authorized=authorized)


SEEN = frozenset({"a", "added-by-the-service"})
ROWS = [
    Row("new, not on Base44", file=("a",), sets=True),
    Row("new, on Base44 already", file=("a",), remote=there("x", "a"), sets=True),
    Row("same, active", file=("a",), base=entry("a"), remote=there("x", "a"), unchanged=True),
    Row("same, granted differs from asked but is as last seen", file=("a",), base=entry("a", seen=SEEN),
        remote=there("x", *SEEN), unchanged=True),
    Row("same, its consent is waited for, and there is one with other scopes than before", file=("b",),
        base=entry("b", seen=SEEN, authorized=False), remote=there("x", "z"), unchanged=True),
    Row("changed", file=("a", "b"), base=entry("a"), remote=there("x", "a"), sets=True),
    Row("changed here and there", file=("b",), base=entry("a", seen=SEEN), remote=there("x", "z"), sets=True),
    Row("changed here, gone there", file=("b",), base=entry("a"), sets=True),
    Row("same, changed elsewhere", file=("a",), base=entry("a", seen=SEEN), remote=there("x", "z"), unchanged=True,
        drift=DriftKind.CHANGED),
    Row("same, gone", file=("a",), base=entry("a"), unchanged=True, drift=DriftKind.GONE),
    Row("same, not yet consented to, so not listed", file=("a",), base=entry("a", authorized=False), unchanged=True,
        unauthorized="never"),
    Row("same, expired", file=("a",), base=entry("a"), remote=there("x", "a", status=ConnectionStatus.EXPIRED),
        unchanged=True, unauthorized=ConnectionStatus.EXPIRED),
    Row("same, disconnected", file=("a",), base=entry("a"),
        remote=there("x", "a", status=ConnectionStatus.DISCONNECTED), unchanged=True,
        unauthorized=ConnectionStatus.DISCONNECTED),
    Row("deleted, as last seen", base=entry("a", seen=SEEN), remote=there("x", *SEEN), removed=True),
    Row("deleted, never looked at", base=entry("a"), remote=there("x", "a"), removed=True),
    Row("deleted, changed elsewhere", base=entry("a", seen=SEEN), remote=there("x", "z"),
        held=HoldReason.CHANGED_ELSEWHERE),
    Row("deleted, gone", base=entry("a"), forgotten=True),
    Row("only on Base44", remote=there("x", "a"), untracked=True),
]  # fmt: skip


def named(row: Row, name: str) -> Row:
    from dataclasses import replace  # noqa: PLC0415

    return replace(
        row,
        type=name,
        base=None if row.base is None else replace(row.base, type=name),
        remote=None if row.remote is None else row.remote.model_copy(update={"type": name}),
    )


def the_plan(*rows: Row, problems: tuple[Problem, ...] = ()) -> Plan:
    connectors = [Connector(row.type, row.file) for row in rows if row.file is not None]
    base = {row.type: row.base for row in rows if row.base is not None}
    remote = Remote(tuple(row.remote for row in rows if row.remote is not None))
    return plan(a_snapshot(*connectors, problems=problems), base, remote)


def lost_consent(row: Row) -> LostConsent:
    return LostConsent(row.type, row.unauthorized if isinstance(row.unauthorized, ConnectionStatus) else None)


def expected(*rows: Row) -> Plan:
    return Plan(
        sets=tuple(Connector(row.type, row.file or ()) for row in rows if row.sets),
        removals=tuple(row.type for row in rows if row.removed),
        unchanged=tuple(row.type for row in rows if row.unchanged),
        held=tuple(Held(row.type, row.held) for row in rows if row.held),
        drifts=tuple(Drift(row.type, row.drift) for row in rows if row.drift),
        forgotten=tuple(row.type for row in rows if row.forgotten),
        unauthorized=tuple(lost_consent(row) for row in rows if row.unauthorized),
        untracked=tuple(row.type for row in rows if row.untracked),
    )


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.name)
def test_each_row_of_the_table_leads_to_its_action(row: Row) -> None:
    one = named(row, "slack")
    assert expected(one) == the_plan(one)


@pytest.mark.parametrize(("one", "other"), list(permutations(ROWS, 2)), ids=lambda row: row.name)
def test_rows_do_not_influence_each_other(one: Row, other: Row) -> None:
    pair = (named(one, "github"), named(other, "slack"))
    assert expected(*pair) == the_plan(*pair)


A_PROBLEM = Problem(DIRECTORY / "broken.jsonc", ProblemCode.SYNTAX, "broken", 1, 1)


@pytest.mark.parametrize("row", [row for row in ROWS if row.removed], ids=lambda row: row.name)
def test_p3_any_problem_in_the_directory_suspends_every_removal_and_nothing_else(row: Row) -> None:
    gone, new = named(row, "slack"), named(ROWS[0], "github")
    decided = the_plan(gone, new, problems=(A_PROBLEM,))
    assert decided.removals == ()
    assert decided.held == (Held("slack", WaitReason.PROBLEMS),)
    assert decided.sets == (Connector("github", ("a",)),)


@pytest.mark.parametrize("state", [state for state in DirectoryState if state is not DirectoryState.PRESENT])
def test_p3_a_directory_that_is_not_there_is_no_deletion(state: DirectoryState) -> None:
    snapshot = Snapshot(DIRECTORY, state, problems=(Problem(DIRECTORY, ProblemCode.MISSING_DIRECTORY, "missing"),))
    decided = plan(snapshot, {"slack": BaseEntry("slack")}, Remote((there("slack"),)))
    assert decided.removals == ()


def test_p2_what_this_machine_never_pushed_is_never_removed() -> None:
    decided = plan(
        a_snapshot(), {}, Remote((there("slack"), there("github")), StripeStatus(stripe_mode=StripeMode.LIVE))
    )
    assert decided.removals == ()
    assert decided.untracked == ("slack", "github", "stripe")


def test_a_plain_save_compares_files_and_base_alone() -> None:
    base = {"slack": BaseEntry("slack", ("a",)), "github": BaseEntry("github", ("b",))}
    decided = plan(a_snapshot(Connector("github", ("b", "c")), Connector("slack", ("a",))), base)
    assert decided == Plan(sets=(Connector("github", ("b", "c")),), unchanged=("slack",))


def test_another_order_of_the_same_scopes_is_no_change() -> None:
    decided = plan(a_snapshot(Connector("slack", ("b", "a"))), {"slack": BaseEntry("slack", ("a", "b"))})
    assert decided.sends_nothing


def test_another_connection_config_is_a_change() -> None:
    connector = Connector("share_point", (), {"subdomain": "sites/new"})
    base = {"share_point": BaseEntry("share_point", (), {"subdomain": "sites/old"})}
    assert plan(a_snapshot(connector), base).sets == (connector,)


def test_a_config_that_differs_only_on_the_wire_is_a_change() -> None:
    connector = Connector("box", (), {"sandbox": True})
    assert plan(a_snapshot(connector), {"box": BaseEntry("box", (), {"sandbox": 1})}).sets == (connector,)


def test_p8_a_parked_connector_waits_and_another_content_does_not() -> None:
    failed, changed = Connector("slack", ("a",)), Connector("slack", ("b",))
    assert plan(a_snapshot(failed), {}, parked=[failed]).sends_nothing
    assert plan(a_snapshot(changed), {}, parked=[failed]).sets == (changed,)


def test_stripe_is_provisioned_and_never_set() -> None:
    decided = plan(a_snapshot(Connector("stripe")), {})
    assert (decided.sets, decided.provision) == ((), True)


def test_defect_06_stripe_in_the_list_is_not_removed_while_its_file_is_there() -> None:
    remote = Remote((there("stripe"), there("slack")), StripeStatus(stripe_mode=StripeMode.SANDBOX))
    decided = mirror_plan(a_snapshot(Connector("slack"), Connector("stripe")), remote)
    assert decided.removals == ()


def test_a_mirror_removes_what_no_file_names_in_the_order_of_the_list() -> None:
    remote = Remote((there("slack"), there("github"), there("notion")), StripeStatus(stripe_mode=StripeMode.LIVE))
    decided = mirror_plan(a_snapshot(Connector("github", ("repo",))), remote)
    assert decided.sets == (Connector("github", ("repo",)),)
    assert decided.removals == ("slack", "notion", "stripe")


def test_a_type_in_another_case_is_no_word_for_removing() -> None:
    remote = Remote((there("slack"),), StripeStatus(stripe_mode=StripeMode.LIVE))
    decided = mirror_plan(a_snapshot(Connector("Slack"), Connector("Stripe")), remote)
    assert decided.removals == ()
    assert plan(a_snapshot(Connector("Slack")), {"slack": BaseEntry("slack")}).removals == ()


def test_a_mirror_leaves_stripe_alone_where_nobody_knows_whether_it_is_there() -> None:
    assert mirror_plan(a_snapshot(), Remote((), None)).removals == ()


def test_a_snapshot_with_errors_can_not_be_mirrored() -> None:
    with pytest.raises(ValueError, match="errors"):
        mirror_plan(a_snapshot(problems=(A_PROBLEM,)), Remote())


def test_p3_a_connector_whose_file_can_not_be_read_is_not_forgotten_although_base44_does_not_list_it() -> None:
    base = {"x": entry("a", authorized=False)}
    assert plan(a_snapshot(problems=(A_PROBLEM,)), base, Remote(())).forgotten == ()
