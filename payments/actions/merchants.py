"""Taking on merchants, their stores and terminals."""

from __future__ import annotations

import secrets
from dataclasses import dataclass

from django.db.models.functions import Now

from payments.models import Merchant, Store, Terminal
from wallet_site.actor import Actor
from wallet_site.audit.recording import record
from wallet_site.crypto import digest, new_token
from wallet_site.transactions import recorded

API_KEY_PURPOSE = "terminal-api-key"


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
