"""How well an account knows the device and the network that a request comes from."""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import connection
from django.utils import timezone

from wallet_site.actor import Actor

# Mobile networks hand out addresses within a block: the block is what becomes familiar.
_PREFIX = {4: 24, 6: 48}


@dataclass(frozen=True, slots=True)
class Familiarity:
    """Since when the account has seen them, as ages; zero for what it has never seen before."""

    device: timedelta
    network: timedelta


def network_block(address: str) -> str:
    """The block that an address belongs to (203.0.113.0/24); "" for what is no address."""
    try:
        version = ipaddress.ip_address(address).version
    except ValueError:
        return ""
    return str(ipaddress.ip_network(f"{address}/{_PREFIX[version]}", strict=False))


def familiarity(user_id: int, actor: Actor, *, now: datetime | None = None) -> Familiarity:
    """Read from browsers and apps that ever signed in to this account; one query. Somebody else's never count.

    A browser is known by the secret that it keeps (`wallet_site.browsers`), an app by the device its token belongs to.
    What its owner reported as not theirs is not known. The database's triggers ask the same functions.
    """
    moment = now or timezone.now()
    with connection.cursor() as cursor:
        cursor.execute(
            """
            SELECT CASE WHEN %(token)s = '' THEN accounts_browser_since(%(user)s, %(browser)s, %(device)s)
                        ELSE (SELECT min(created_at) FROM accounts_apidevice
                              WHERE user_id = %(user)s AND public_id::text = %(token)s) END,
                   accounts_network_since(%(user)s, nullif(%(block)s, '')::inet)
            """,
            {
                "user": user_id,
                "browser": actor.browser,
                "device": actor.device,
                "token": actor.token_id or "",
                "block": network_block(actor.network),
            },
        )
        device, network = cursor.fetchone()
    return Familiarity(_age(device, moment), _age(network, moment))


def _age(since: datetime | None, now: datetime) -> timedelta:
    return max(timedelta(0), now - since) if since else timedelta(0)
