"""Telling a person what needs a person: once, for as long as it is so, whatever happens in between (P11).

Level-triggered as everything here: after each event the topics of a project are compared with what was told before,
which is in the store. What is new is told, what is over is withdrawn, and it doesn't matter how it came about: a click,
a command, a file that is back, somebody else's doing.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from connectord.authorize import Authorization
from connectord.control.redaction import redact
from connectord.control.tell import tell_notice
from connectord.control.tell_answer import tell_snoozed
from connectord.daemon.followed import Followed
from connectord.daemon.hosts import Hosts
from connectord.daemon.standing import Standing
from connectord.daemon.surroundings import Surroundings
from connectord.daemon.topics import Topic, topics
from connectord.notify import NoticeKind, NoticeLevel, Telling, authorized_notice
from connectord.notify.notice import presentable
from connectord.project import Project, shown_path
from connectord.store import Change, NoticedRow, Store
from connectord.sync.events import LateConsent

SAME_AGAIN: Final = 900.0
"""Seconds within which something that was over and is so again, unchanged, is still the same: it flaps."""

NEWS_EACH_TIME: Final = frozenset({NoticeKind.REMOVAL_COMING})
"""What never is the same again: each time something gets lost unless somebody says a word."""

_KINDS: Final = frozenset(NoticeKind)
"""The rows that are notices; the others are lines (sync/told.py)."""

SAID_NOWHERE_ELSE: Final = frozenset({NoticeKind.NEEDS_AUTHORIZATION, NoticeKind.STRIPE_READY, NoticeKind.UNREACHABLE})
"""Kinds that get lines; of all the others other news say the same to terminal and log already."""


@dataclass(frozen=True, slots=True)
class Card:
    """What was told under one subject: of which place, and which items with their marks."""

    kind: NoticeKind
    place: str
    marks: Mapping[str, str]


class Notices:
    """The notices of all projects. `on_defect` hears of a project whose notices met a defect of ours."""

    def __init__(
        self,
        surroundings: Surroundings,
        store: Store,
        telling: Telling,
        followed: Mapping[Path, Followed],
        on_defect: Callable[[Path, Exception], None],
    ) -> None:
        self._in = surroundings
        self._store = store
        self._telling = telling
        self._followed = followed
        self._on_defect = on_defect
        self._hosts = Hosts(surroundings.clock)
        self._to_look_at: set[Path] = set()
        self._told: dict[str, dict[tuple[str, str], NoticedRow]] = {}
        self._handed_over: set[tuple[str, str, str]] = set()
        self._cards: dict[str, Card] = {}
        telling.on_shown = self._shown

    def look_soon(self, root: Path) -> None:
        """Something happened to a project: compare once it has all been taken in."""
        if not self._to_look_at:
            asyncio.get_running_loop().call_soon(self._look)
        self._to_look_at.add(root)

    def begins(self, root: Path) -> None:
        """A project is looked after from now on, at its own level."""
        level = NoticeLevel(self._in.settings.of(root).notify_level)
        rules = self._telling.rules
        if level is not rules.level:
            self._telling.rules = replace(rules, levels={**rules.levels, shown_path(root): level})

    def ends(self, root: Path) -> None:
        """Nobody looks after a project any more: nothing of it is to be told."""
        for subject in [subject for subject, card in self._cards.items() if card.place == str(root)]:
            self._take_away(subject)
        self._told.pop(str(root), None)
        if (host := self._hosts.gone(root)) is not None:
            self._compare_host(host)

    def answered(self, project: Project) -> None:
        """Base44 answered a project as it does to somebody who is signed in."""
        self._hosts.answered(project.api_url)

    def authorized(self, project: Project, authorization: Authorization | LateConsent) -> None:
        """A consent arrived. That it covers too little is a topic of its own."""
        if not authorization.missing_scopes:
            self._telling.notify(authorized_notice(shown_path(project.root), (authorization.type,)))

    def snooze(self, seconds: float) -> None:
        """Show nothing for so long, over restarts; 0 ends it, and what is still true is shown."""
        until = self._in.now() + seconds if seconds else 0.0
        self._store.record(Change(snoozed_until=until))
        ends = datetime.fromtimestamp(until, UTC) if seconds else None
        self._telling.rules = replace(self._telling.rules, snoozed_until=ends)
        self._in.publish(tell_snoozed(ends, self._in.at()))

    def card(self, subject: str) -> Card | None:
        """What was told under a subject: what an answer to it is about."""
        return self._cards.get(subject)

    def standing(self, followed: Followed) -> Standing:
        """How a project stands now."""
        root, board = followed.root, followed.board
        rows = self._store.authorizations(root)
        return Standing(
            place=shown_path(root),
            status=board.status(),
            now=self._in.at(),
            unusable=board.unusable,
            looked=board.looked,
            complete=board.complete,
            pushing=board.pushing,
            removals_known=board.removals_known,
            compared=board.compared,
            tried_again=board.tried_again,
            links_known=frozenset(row.url for row in rows if row.noticed),
            last_links={row.type: row.url for row in rows},
        )

    # Comparing

    def _look(self) -> None:
        """One project at a time: a thousand that begin together must not hold up the loop."""
        root = self._to_look_at.pop()
        if self._to_look_at:
            asyncio.get_running_loop().call_soon(self._look)
        followed = self._followed.get(root)
        if followed is None:
            return
        try:
            self._look_at(root, followed)
        except Exception as error:  # noqa: BLE001  (one project's defect is no other project's)
            self._on_defect(root, error)

    def _look_at(self, root: Path, followed: Followed) -> None:
        place, board = str(root), followed.board
        # Nearly always there is nothing to be told, and nothing that was: then the whole status is not worth making.
        if self._told_of(place) or not board.at_ease or any(card.place == place for card in self._cards.values()):
            standing = self.standing(followed)
            for topic in topics(standing):
                self._compare(place, topic, standing.may_still_be)
        if board.project is not None:
            self._hosts.stands(root, board.project.api_url, board.state)
            self._compare_host(board.project.api_url)

    def _compare_host(self, host: str) -> None:
        for topic in self._hosts.topics(host):
            self._compare(host, topic, lambda _, __: self._hosts.may_still_be(host))

    def _compare(self, place: str, topic: Topic, may_still_be: Callable[[NoticeKind, str], bool]) -> None:
        told = self._told_of(place)
        before = {item: row for (kind, item), row in told.items() if kind == topic.kind}
        fresh = [item for item, mark in topic.marks.items() if self._is_news(before.get(item), mark)]
        over = [item for item in before.keys() - topic.marks.keys() if not may_still_be(topic.kind, item)]
        now = self._in.now()
        rows = [
            NoticedRow(place, topic.kind.value, item, topic.marks[item], now, shown=item in topic.known)
            for item in fresh
        ]
        rows += [replace(before[item], ended_at=now) for item in over if before[item].ended_at is None]
        rows += [
            replace(before[item], ended_at=None)
            for item in topic.marks
            if item not in fresh and before[item].ended_at is not None
        ]
        # Noted before it is told: what a crash swallows is still in status and log, what is repeated nags.
        self._keep(rows, links=topic.marks.values() if topic.kind is NoticeKind.NEEDS_AUTHORIZATION else ())
        self._tell(place, topic, [item for item in fresh if item not in topic.known])

    def _tell(self, place: str, topic: Topic, news: list[str]) -> None:
        told = self._told[place]
        if news and topic.kind in SAID_NOWHERE_ELSE:
            for line in tell_notice(presentable(topic.about(news), redact), self._in.at()):
                self._in.publish(line)
        keys = {item: (place, topic.kind.value, item) for item in topic.marks}
        waiting = {key for item, key in keys.items() if not told[key[1:]].shown and key not in self._handed_over}
        if waiting:
            self._handed_over |= waiting
            notice = topic.about(topic.marks)
            self._cards[notice.subject] = Card(topic.kind, place, dict(topic.marks))
            self._telling.notify(notice)
        elif all(row.ended_at is not None for (kind, _), row in told.items() if kind == topic.kind):
            self._take_away_all(topic.kind, place)

    def _is_news(self, row: NoticedRow | None, mark: str) -> bool:
        if row is None or row.mark != mark:
            return True
        if row.ended_at is None:
            return False
        return row.kind in NEWS_EACH_TIME or self._in.now() - row.ended_at >= SAME_AGAIN

    # What was told

    def _told_of(self, place: str) -> dict[tuple[str, str], NoticedRow]:
        if place not in self._told:
            rows = (row for row in self._store.noticed(place) if row.kind in _KINDS)
            self._told[place] = {(row.kind, row.item): row for row in rows}
        return self._told[place]

    def _keep(self, rows: Iterable[NoticedRow], links: Iterable[str] = ()) -> None:
        rows = tuple(rows)
        if not rows:
            return
        for row in rows:
            self._told_of(row.place)[row.kind, row.item] = row
            self._handed_over.discard(row.key)
        known = frozenset(links)
        of_links = [
            replace(link, noticed=True)
            for place in {row.place for row in rows if known}
            for link in self._store.authorizations(Path(place))
            if link.url in known and not link.noticed
        ]
        self._store.record(Change(noticed=rows, authorizations=tuple(of_links)))

    def _shown(self, subject: str) -> None:
        card = self._cards.get(subject)
        if card is None:
            return
        told = self._told_of(card.place)
        rows = (told.get((card.kind.value, item)) for item in card.marks)
        self._store_shown(row for row in rows if row is not None and not row.shown)

    def _store_shown(self, rows: Iterable[NoticedRow]) -> None:
        shown = tuple(replace(row, shown=True) for row in rows)
        for row in shown:
            self._told_of(row.place)[row.kind, row.item] = row
        if shown:
            self._store.record(Change(noticed=shown))

    def _take_away_all(self, kind: NoticeKind, place: str) -> None:
        for subject in [s for s, card in self._cards.items() if (card.kind, card.place) == (kind, place)]:
            self._take_away(subject)

    def _take_away(self, subject: str) -> None:
        del self._cards[subject]
        self._telling.withdraw(subject)
