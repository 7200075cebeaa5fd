"""Carrying a plan out against the emulator: order, concurrency, and the one place that sends a removal (P4)."""

from __future__ import annotations

import asyncio

from tests.support.emulator import EmulatorApp, emulator_app
from tests.support.engine import a_client, requests

from connectord.base44.errors import TimedOut
from connectord.emulator.faults import Fault
from connectord.project.model import Connector
from connectord.sync import Outcome, Plan, Remote, Result, carry_out


async def allowed(connector_type: str) -> Outcome | None:
    return None


async def carried(emulator: EmulatorApp, plan: Plan, **options: object) -> tuple[Outcome, ...]:
    async with a_client(emulator) as app:
        return await carry_out(plan, app, objection=allowed, **options)  # type: ignore[arg-type]


SLACK, GITHUB = Connector("slack", ("chat:write",)), Connector("github", ("repo",))


async def test_a_new_connector_needs_authorization_and_brings_its_link() -> None:
    emulator = emulator_app()
    (outcome,) = await carried(emulator, Plan(sets=(SLACK,)))
    assert outcome.result is Result.NEEDS_AUTHORIZATION
    assert (outcome.authorize_url or "").startswith(f"{emulator.url}/api/external-auth/connect/")


async def test_sets_come_before_stripe_and_stripe_before_removals() -> None:
    emulator = emulator_app()
    await carried(emulator, Plan(sets=(SLACK,), provision=True, removals=("github", "notion")))
    assert requests(emulator) == [
        ("set", "slack"),
        ("stripe-status", ""),
        ("stripe-install", ""),
        ("remove", "github"),
        ("remove", "notion"),
    ]


async def test_outcomes_come_in_the_order_of_the_plan_and_each_is_told_as_it_comes() -> None:
    told: list[Outcome] = []
    outcomes = await carried(emulator_app(), Plan(sets=(SLACK, GITHUB), removals=("notion",)), on_outcome=told.append)
    assert [outcome.type for outcome in outcomes] == ["slack", "github", "notion"]
    assert sorted(told, key=str) == sorted(outcomes, key=str)


async def test_p4_nothing_is_removed_when_a_set_failed() -> None:
    emulator = emulator_app()
    emulator.world.faults.add(Fault("set", type="slack", status=400))
    outcomes = await carried(emulator, Plan(sets=(SLACK, GITHUB), removals=("notion", "stripe")))
    assert [outcome.result for outcome in outcomes[2:]] == [Result.HELD, Result.HELD]
    assert all(operation == "set" for operation, _ in requests(emulator))


async def test_p4_nothing_is_removed_when_stripe_could_not_be_provisioned() -> None:
    emulator = emulator_app()
    emulator.world.faults.add(Fault("stripe-install", status=400))
    outcomes = await carried(emulator, Plan(provision=True, removals=("notion",)))
    assert [outcome.result for outcome in outcomes] == [Result.FAILED, Result.HELD]


async def test_a_removal_is_asked_for_right_before_it_is_sent_and_an_objection_stops_it() -> None:
    emulator, seen = emulator_app(), []

    back = Outcome("github", Result.HELD, error="its file is back")

    async def only_notion(connector_type: str) -> Outcome | None:
        seen.append((connector_type, len(emulator.world.journal.entries)))
        return None if connector_type == "notion" else back

    async with a_client(emulator) as app:
        outcomes = await carry_out(Plan(removals=("github", "notion")), app, objection=only_notion)
    assert seen == [("github", 0), ("notion", 0)]
    assert outcomes == (back, Outcome("notion", Result.REMOVED))
    assert requests(emulator) == [("remove", "notion")]


async def test_stripe_is_removed_by_its_own_route() -> None:
    emulator = emulator_app()
    await carried(emulator, Plan(removals=("stripe",)))
    assert requests(emulator) == [("stripe-remove", "")]


async def test_stripe_that_is_there_already_is_not_installed_again_and_keeps_its_claim_link() -> None:
    emulator = emulator_app()
    await carried(emulator, Plan(provision=True))
    (again,) = await carried(emulator, Plan(provision=True))
    assert again.result is Result.SYNCED
    assert (again.claim_url or "").startswith(emulator.url)


async def test_what_is_known_of_stripe_is_not_asked_again() -> None:
    emulator = emulator_app()
    async with a_client(emulator) as app:
        status = await app.stripe_status()
        emulator.world.journal.clear()
        await carry_out(Plan(provision=True, stripe=status), app, objection=allowed)
    assert requests(emulator) == [("stripe-install", "")]


async def test_a_failure_of_one_connector_leaves_the_others_alone() -> None:
    emulator = emulator_app()
    emulator.world.faults.add(Fault("set", type="slack", status=503))
    slack, github = await carried(emulator, Plan(sets=(SLACK, GITHUB)))
    assert (slack.result, slack.transient) == (Result.FAILED, True)
    assert github.result is Result.NEEDS_AUTHORIZATION


async def test_no_more_sets_at_once_than_the_limit() -> None:
    emulator, waiting, most = emulator_app(), 0, 0
    everyone = asyncio.Event()

    async def hold(connector: Connector) -> None:
        nonlocal waiting, most
        waiting += 1
        most = max(most, waiting)
        if waiting == 3:
            everyone.set()
        await everyone.wait()
        waiting -= 1

    async with a_client(emulator) as app:
        send = app.set_connector

        async def counted(connector_type: str, scopes: object, config: object = None) -> object:
            await hold(Connector(connector_type))
            return await send(connector_type, scopes, config)  # type: ignore[arg-type]

        app.set_connector = counted  # type: ignore[assignment, method-assign]
        connectors = tuple(Connector(name) for name in ("slack", "github", "notion", "linear", "dropbox", "gmail"))
        outcomes = await carry_out(Plan(sets=connectors), app, objection=allowed, sets_at_once=3)
    assert (most, len(outcomes)) == (3, 6)


async def told_of_three(*, end_after: str | None = None) -> list[str]:
    """What happens in which order when three are set one after another; cancelled when one of them is answered."""
    emulator, happened = emulator_app(), []
    async with a_client(emulator) as app:
        send = app.set_connector

        async def sent(connector_type: str, scopes: object, config: object = None) -> object:
            happened.append(f"{connector_type} sent")
            await asyncio.sleep(0)  # a network takes its time, the others come to wait
            try:
                return await send(connector_type, scopes, config)  # type: ignore[arg-type]
            finally:
                if connector_type == end_after:
                    asyncio.get_running_loop().call_later(0, carrying.cancel)

        app.set_connector = sent  # type: ignore[assignment, method-assign]
        plan = Plan(sets=(SLACK, GITHUB, Connector("notion")))
        told = lambda outcome: happened.append(f"{outcome.type} told")  # noqa: E731
        carrying = asyncio.ensure_future(carry_out(plan, app, objection=allowed, on_outcome=told, sets_at_once=1))
        await asyncio.wait({carrying})
    return happened


async def test_p14_the_next_request_goes_out_before_an_outcome_is_told() -> None:
    happened = await told_of_three()
    assert happened.index("github sent") < happened.index("slack told")
    assert happened.index("notion sent") < happened.index("github told")
    assert sorted(happened) == sorted(
        f"{name} {what}" for name in ("slack", "github", "notion") for what in ("sent", "told")
    )


async def test_p9_what_was_answered_is_told_even_if_nothing_more_is_wanted_in_the_moment_before() -> None:
    happened = await told_of_three(end_after="slack")
    assert "slack told" in happened
    assert "notion sent" not in happened, "it was cancelled too late to say anything"


async def test_where_nobody_is_answered_in_time_the_others_are_not_sent_one_after_another() -> None:
    emulator, asked = emulator_app(), []
    two = asyncio.Event()

    async def silence(connector_type: str, scopes: object, config: object = None) -> object:
        asked.append(connector_type)
        if len(asked) == 2:
            two.set()
        await two.wait()
        raise TimedOut("Base44 did not answer within 10 s")

    async with a_client(emulator) as app:
        app.set_connector = silence  # type: ignore[assignment, method-assign]
        connectors = tuple(Connector(name) for name in ("slack", "github", "notion", "linear"))
        outcomes = await carry_out(Plan(sets=connectors), app, objection=allowed, sets_at_once=2)
    assert asked == ["slack", "github"]
    assert [outcome.code for outcome in outcomes] == [TimedOut.code] * 4
    assert all((one.error or "").startswith("not sent, because Base44 did not answer") for one in outcomes[2:])


async def test_one_that_hangs_keeps_nobody_from_being_sent_where_another_was_answered() -> None:
    emulator, answered = emulator_app(), asyncio.Event()
    async with a_client(emulator) as app:
        send = app.set_connector

        async def only_slack_hangs(connector_type: str, scopes: object, config: object = None) -> object:
            if connector_type == "slack":
                await answered.wait()
                raise TimedOut("Base44 did not answer within 10 s")
            reply = await send(connector_type, scopes, config)  # type: ignore[arg-type]
            answered.set()
            return reply

        app.set_connector = only_slack_hangs  # type: ignore[assignment, method-assign]
        outcomes = await carry_out(
            Plan(sets=(SLACK, GITHUB, Connector("notion"))), app, objection=allowed, sets_at_once=2
        )
    assert [outcome.result for outcome in outcomes] == [Result.FAILED] + [Result.NEEDS_AUTHORIZATION] * 2


async def test_a_remote_never_counts_stripe_as_one_of_the_oauth_connectors() -> None:
    emulator = emulator_app()
    async with a_client(emulator) as app:
        assert Remote(await app.list_connectors()).by_type == {}
