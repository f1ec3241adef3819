"""System checks, with hints, for what an operator can get wrong."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage, Error, Tags, register
from django.core.checks import Warning as CheckWarning
from django.db import DatabaseError, connection

from wallet_site.env import database

_POWERS = """
SELECT r.rolsuper OR r.rolbypassrls, EXISTS (
    SELECT FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
    WHERE n.nspname = 'public' AND c.relkind IN ('r', 'p') AND pg_has_role(current_user, c.relowner, 'MEMBER'))
FROM pg_roles r WHERE r.rolname = current_user
"""
_ENCODING = "SHOW server_encoding"


@register(Tags.database)
def database_role_is_no_master(databases: Sequence[str] | None = None, **_kwargs: Any) -> list[CheckMessage]:
    """Looks at the role itself: a superuser or an owner may take the guards away that the books and the audit rest on.

    Says nothing in development, where a server of one's own may have one role for everything, and to the owner's
    own commands.
    """
    if (
        not databases
        or not settings.PRODUCTION
        or settings.DATABASES["default"].get("USER") != settings.DATABASE_APP_ROLE
    ):
        return []
    try:
        with connection.cursor() as cursor:
            cursor.execute(_POWERS)
            is_superuser, owns = cursor.fetchone()
    except DatabaseError:
        return []  # Not reachable: others say that better.
    if not is_superuser and not owns:
        return []
    what = "is a superuser" if is_superuser else "owns tables of the portal"
    return [
        Error(
            f"The application's database role {settings.DATABASE_APP_ROLE} {what}.",
            hint="Make a plain role for DATABASE_URL (CREATE ROLE application LOGIN) that is no member of the "
            "owner's, and run `manage.py grant_app_role` as the owner.",
            id="wallet_site.E001",
        )
    ]


@register(Tags.database)
def database_writes_every_name(databases: Sequence[str] | None = None, **_kwargs: Any) -> list[CheckMessage]:
    """A database made under LANG=C cannot hold a Japanese name, and says so only when somebody has one."""
    if not databases:
        return []
    try:
        with connection.cursor() as cursor:
            cursor.execute(_ENCODING)
            encoding = cursor.fetchone()[0]
    except DatabaseError:
        return []
    if encoding == "UTF8":
        return []
    return [
        Error(
            f"The database is encoded as {encoding}; names in Japanese need UTF8.",
            hint="Make it anew: CREATE DATABASE wallet TEMPLATE template0 ENCODING 'UTF8' OWNER owner.",
            id="wallet_site.E002",
        )
    ]


@register(Tags.database, deploy=True)
def application_role_is_not_the_owner(
    databases: Sequence[str] | None = None, **_kwargs: Any
) -> list[CheckMessage]:
    """In production the books' guards rest on triggers and on the application not owning the tables."""
    owner = database("DATABASE_OWNER_URL", lambda: "postgresql:///") if settings.PRODUCTION else {}
    if settings.PRODUCTION and owner.get("USER", "") in ("", settings.DATABASE_APP_ROLE):
        return [
            CheckWarning(
                "The application connects as the role that owns the tables.",
                hint="Set DATABASE_OWNER_URL to another role, migrate with KAKEHASHI_DATABASE_ROLE=owner and run "
                "`manage.py grant_app_role`.",
                id="wallet_site.W001",
            )
        ]
    return []
