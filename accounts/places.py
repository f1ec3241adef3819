"""Roughly where a network is, from a file on this machine: nobody outside is asked where our customers are.

The one look-up for notices, pages, the API and the desk. Without a file, for a network that it does not know, or when
it cannot be read, there is no place: that is said nowhere as if it were known.
"""

from __future__ import annotations

import ipaddress
from functools import lru_cache
from typing import Any

import maxminddb
from django.conf import settings
from django.utils.translation import get_language
from django.utils.translation import gettext as _


def place_of(network: str | None) -> str:
    """ "Tokyo, Japan" in the active language; "" for what is not known. No query, microseconds."""
    record = _record(network or "")
    country, region = _name(record.get("country")), _name(next(iter(record.get("subdivisions") or []), None))
    if not country or not region:
        return country
    return _("%(region)s, %(country)s") % {"region": region, "country": country}


def open_places(path: str) -> maxminddb.Reader:
    """The file, mapped into memory. Raises `OSError` or `maxminddb.InvalidDatabaseError`."""
    return maxminddb.open_database(path)


@lru_cache(maxsize=2)
def _reader(path: str) -> maxminddb.Reader | None:
    try:
        return open_places(path)
    except (OSError, maxminddb.InvalidDatabaseError):
        return None  # A system check has said so (accounts.E003).


def _record(network: str) -> dict[str, Any]:
    reader = _reader(settings.PLACES_DATABASE) if settings.PLACES_DATABASE else None
    if reader is None:
        return {}
    try:
        found = reader.get(ipaddress.ip_address(network))
    except (ValueError, maxminddb.InvalidDatabaseError):
        return {}
    return found if isinstance(found, dict) else {}


def _name(part: Any) -> str:
    """A part's name in the active language, else in English."""
    names = part.get("names") if isinstance(part, dict) else None
    if not isinstance(names, dict):
        return ""
    return str(names.get(get_language() or "en") or names.get("en") or "")
