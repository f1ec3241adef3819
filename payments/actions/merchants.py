"""Taking on merchants, their stores and terminals."""

from __future__ import annotations

import secrets
from dataclasses import dataclass

from django.db.models.functions import Now

from payments.errors import BadAmount
from payments.models import Merchant, MerchantKey, Store, Terminal
from wallet_site.actor import Actor
from wallet_site.audit.recording import record
from wallet_site.crypto import digest, new_token
from wallet_site.transactions import recorded

API_KEY_PURPOSE = "terminal-api-key"
MERCHANT_KEY_PURPOSE = "merchant-api-key"
HIGHEST_FEE_BASIS_POINTS = 10_000


@dataclass(frozen=True, slots=True)
class TerminalCredentials:
    """What is typed into the till once. The API key is told here and never again."""

    key_id: str
    api_key: str
    signing_secret: str


def take_on_merchant(name: str, *, actor: Actor) -> Merchant:
    """A new merchant. Its payable accounts open with it, in the database."""
    with recorded(actor):
        merchant = Merchant.objects.create(name=name)
        record("staff:merchant:made", actor=actor, subject=merchant, data={"name": name})
    return merchant


def open_store(merchant: Merchant, *, name: str, place: str = "", actor: Actor) -> Store:
    """A new store of a merchant."""
    with recorded(actor):
        store = Store.objects.create(merchant=merchant, name=name, place=place)
        record("staff:store:made", actor=actor, subject=store, data={"name": name})
    return store


def add_terminal(store: Store, *, name: str, actor: Actor) -> tuple[Terminal, TerminalCredentials]:
    """A new terminal of a store with an API key and a signing secret of its own."""
    credentials = TerminalCredentials(
        key_id=f"till-{secrets.token_hex(8)}", api_key=new_token(), signing_secret=new_token()
    )
    with recorded(actor):
        terminal = Terminal.objects.create(
            store=store,
            name=name,
            key_id=credentials.key_id,
            api_key_digest=digest(credentials.api_key, API_KEY_PURPOSE),
            signing_secret=credentials.signing_secret,
        )
        record("staff:terminal:made", actor=actor, subject=terminal, data={"name": name, "store": store.name})
    return terminal, credentials


def revoke_terminal(terminal: Terminal, *, actor: Actor) -> None:
    """From the next request on the terminal is refused. A repeat changes nothing."""
    with recorded(actor):
        if Terminal.objects.filter(pk=terminal.pk, revoked_at=None).update(revoked_at=Now()):
            record("staff:terminal:revoked", actor=actor, subject=terminal)


def set_fee(merchant: Merchant, *, basis_points: int, actor: Actor) -> None:
    """What we keep of a merchant's sales, in hundredths of a per cent. Holds for every day that is not settled yet.

    Raises `BadAmount` outside 0 to 10,000. The same rate again changes nothing.
    """
    if not 0 <= basis_points <= HIGHEST_FEE_BASIS_POINTS:
        raise BadAmount
    with recorded(actor):
        before = Merchant.objects.select_for_update().get(pk=merchant.pk).fee_basis_points
        if before == basis_points:
            return
        Merchant.objects.filter(pk=merchant.pk).update(fee_basis_points=basis_points)
        record(
            "staff:merchant:fee_set",
            actor=actor,
            subject=merchant,
            data={"before": before, "after": basis_points},
        )


def add_merchant_key(merchant: Merchant, *, name: str, actor: Actor) -> tuple[MerchantKey, str]:
    """A key for the merchant's own programs, and its text `<key id>.<api key>`, which is told here and never again."""
    api_key = new_token()
    with recorded(actor):
        key = MerchantKey.objects.create(
            merchant=merchant,
            name=name,
            key_id=f"merchant-{secrets.token_hex(8)}",
            api_key_digest=digest(api_key, MERCHANT_KEY_PURPOSE),
        )
        record(
            "staff:merchant_key:made",
            actor=actor,
            subject=key,
            data={"name": name, "merchant": merchant.name},
        )
    return key, f"{key.key_id}.{api_key}"


def revoke_merchant_key(key: MerchantKey, *, actor: Actor) -> None:
    """From the next request on the key is refused. A repeat changes nothing."""
    with recorded(actor):
        if MerchantKey.objects.filter(pk=key.pk, revoked_at=None).update(revoked_at=Now()):
            record("staff:merchant_key:revoked", actor=actor, subject=key)
