"""System checks, with hints, for what an operator can get wrong about people's accounts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import fields
from typing import Any

import maxminddb
from cryptography.fernet import InvalidToken
from django.conf import settings
from django.core.checks import CheckMessage, Error, Tags, register
from django.core.checks import Warning as CheckWarning
from django.db import DatabaseError

from accounts.models import TotpDevice
from accounts.places import open_places
from accounts.stuffing import Thresholds

_PLACEHOLDER_PHONE = "0120-000-000"


@register(Tags.security, deploy=True)
def notices_name_real_places(**_kwargs: Any) -> list[CheckMessage]:
    """Every notice says whom to call and comes from somewhere: placeholders would strand people in an emergency."""
    found: list[CheckMessage] = []
    if settings.SUPPORT_PHONE == _PLACEHOLDER_PHONE:
        found.append(
            CheckWarning(
                "Notices tell people to call 0120-000-000, which is nobody.",
                hint="Set SUPPORT_PHONE to the number that is answered day and night.",
                id="accounts.W001",
            )
        )
    if "example." in settings.DEFAULT_FROM_EMAIL:
        found.append(
            CheckWarning(
                f"Notices are sent from {settings.DEFAULT_FROM_EMAIL}, a domain that cannot receive bounces.",
                hint="Set DEFAULT_FROM_EMAIL to an address of your own domain, with SPF and DKIM for it.",
                id="accounts.W002",
            )
        )
    return found


@register(Tags.database)
def seeds_can_be_decrypted(databases: Sequence[str] | None = None, **_kwargs: Any) -> list[CheckMessage]:
    """With a key lost or mistyped nobody could sign in: the newest and the oldest app tell before people do."""
    if not databases:
        return []
    try:
        for order in ("pk", "-pk"):
            TotpDevice.objects.order_by(order).only("seed").first()
    except InvalidToken:
        return [
            Error(
                "A key of FIELD_ENCRYPTION_KEYS is missing: stored authenticator apps cannot be read.",
                hint="Put the earlier key back, after the new one: the first encrypts, all of them decrypt.",
                id="accounts.E001",
            )
        ]
    except DatabaseError:
        # Not migrated yet, or not reachable: others say that better.
        return []
    return []


@register(Tags.security)
def sessions_count_as_proven_no_longer_than_they_may(**_kwargs: Any) -> list[CheckMessage]:
    """The times that the requirements name are ceilings; a setting may only be stricter."""
    minutes = {
        "STEP_UP_FRESH": (settings.STEP_UP_FRESH, 5),
        "CUSTOMER_SESSION_IDLE": (settings.CUSTOMER_SESSION_IDLE, 30),
        "STAFF_SESSION_IDLE": (settings.STAFF_SESSION_IDLE, 15),
        "CUSTOMER_SESSION_TOTAL": (settings.CUSTOMER_SESSION_TOTAL, 12 * 60),
        "STAFF_SESSION_TOTAL": (settings.STAFF_SESSION_TOTAL, 8 * 60),
    }
    return [
        Error(
            f"{name} is longer than {most} minutes.",
            hint="The security requirements 32 and 36 allow less, never more.",
            id="accounts.E002",
        )
        for name, (value, most) in minutes.items()
        if value.total_seconds() > most * 60
    ]


@register
def places_can_be_read(**_kwargs: Any) -> list[CheckMessage]:
    """A file that is missing or broken would leave every place blank, and nobody would notice."""
    if not settings.PLACES_DATABASE:
        return []
    try:
        open_places(settings.PLACES_DATABASE).close()
    except (OSError, maxminddb.InvalidDatabaseError) as error:
        return [
            Error(
                f"PLACES_DATABASE cannot be read: {error}",
                hint="Name a file in MaxMind's format that the portal may read, or leave the setting empty.",
                id="accounts.E003",
            )
        ]
    return []


@register
def stuffing_thresholds_are_known(**_kwargs: Any) -> list[CheckMessage]:
    """A mistyped threshold would stop every sign-in at the first wrong password."""
    known = {field.name for field in fields(Thresholds)}
    if settings.STUFFING_THRESHOLDS.keys() == known:
        return []
    return [
        Error(
            f"STUFFING_THRESHOLDS must name {', '.join(sorted(known))}, nothing else.",
            hint="Those are the fields of accounts.stuffing.Thresholds.",
            id="accounts.E004",
        )
    ]
