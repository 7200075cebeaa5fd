"""The connector types that Base44 lists (protocol.md, "Types"). The list is the service's to change."""

from __future__ import annotations

from collections.abc import Collection
from difflib import get_close_matches
from typing import Final

from connectord.project.model import STRIPE

_LISTED: Final = """
    airtable bamboohr box calendly clickup contentful databricks discord dropbox github gitlab gmail google_analytics
    google_classroom google_search_console googleads googlebigquery googlecalendar googledocs googledrive googlemeet
    googlesheets googleslides googletasks hubspot hugging_face instagram linear linkedin microsoft_teams notion
    one_drive outlook quickbooks salesforce share_point slack slackbot snowflake splitwise square supabase tiktok
    typeform wix wrike
"""

KNOWN_TYPES: Final = frozenset((*_LISTED.split(), STRIPE))
"""What was known when this was released; the service's own list (`available`) may be handed in instead."""


def nearest_known(unknown: str, known: Collection[str] = KNOWN_TYPES) -> str | None:
    """The known type that was most likely meant, or None. Case, `_` and `-` don't count: people mistype those most."""
    by_letters = {_letters(type_): type_ for type_ in sorted(known)}
    nearest = get_close_matches(_letters(unknown), by_letters, n=1, cutoff=0.7)
    return by_letters[nearest[0]] if nearest else None


def _letters(type_: str) -> str:
    return type_.lower().replace("_", "").replace("-", "")
