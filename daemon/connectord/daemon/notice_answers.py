"""What a person answers to a notice with one press, carried out as the command of the same name would (P6)."""

from __future__ import annotations

from collections.abc import Coroutine
from pathlib import Path

from connectord.control.models import Approval
from connectord.control.tell_answer import tell_answer_failed, tell_claim
from connectord.daemon.answers import Answers
from connectord.daemon.engine import Engine
from connectord.daemon.notices import Card
from connectord.daemon.surroundings import Surroundings
from connectord.errors import ConnectordError
from connectord.notify import Action
from connectord.project.model import STRIPE


class NoticeAnswers:
    """Answers to the engine's notices. An answer is about what was shown, not about what has come since."""

    def __init__(self, engine: Engine, answers: Answers, surroundings: Surroundings) -> None:
        self._engine = engine
        self._answers = answers
        self._in = surroundings

    def pressed(self, action: Action, subject: str) -> None:
        """Begin what was asked for; an answer to what is settled or whose project is gone is nothing special."""
        card = self._engine.notices.card(subject)
        if card is not None and Path(card.place) in self._engine.followed:
            self._engine.group.create_task(self._carry_out(action, card), name=f"answer to {subject}")

    async def _carry_out(self, action: Action, card: Card) -> None:
        root = Path(card.place)
        try:
            await self._work(action, root, card)
        except ConnectordError as error:
            self._in.publish(tell_answer_failed(root, action, error, self._in.at()))
        except Exception as error:  # noqa: BLE001  (one project's defect is no other project's)
            self._engine.defect(root, error)

    def _work(self, action: Action, root: Path, card: Card) -> Coroutine[None, None, None]:
        match action:
            case Action.AUTHORIZE:
                return self._authorize(root, card)
            case Action.SKIP:
                return self._skip(root, card)
            case Action.APPROVE:
                return self._approve(root, card)
            case Action.RESTORE:
                return self._restore(root, None)
            case Action.KEEP:
                return self._restore(root, tuple(card.marks))
            case Action.CLAIM:
                return self._claim(root)

    async def _authorize(self, root: Path, card: Card) -> None:
        needed = self._engine.links.needed(root)
        if types := tuple(name for name in card.marks if name in needed):
            self._engine.authorizing.begin(root, types)

    async def _skip(self, root: Path, card: Card) -> None:
        for name in card.marks:
            self._engine.skip(root, name)

    async def _approve(self, root: Path, card: Card) -> None:
        holds = {reason: tuple(mark.split(", ")) for reason, mark in card.marks.items()}
        await self._answers.approve(root, Approval(holds=holds))

    async def _restore(self, root: Path, types: tuple[str, ...] | None) -> None:
        await self._answers.restore(root, types)

    async def _claim(self, root: Path) -> None:
        lines = self._engine.followed[root].status().connectors
        url = next((line.claim_url for line in lines if line.type == STRIPE), None)
        if url is not None:
            browser = await self._engine.browser()
            self._in.publish(tell_claim(root, url, await browser.open(url), self._in.at()))
