"""What the clock does for payments. Each task only hurries along what a table already owes; a repeat does no harm."""

from __future__ import annotations

import structlog
from celery import shared_task

from payments.actions.authorizations import expire_authorizations
from payments.actions.auto_top_ups import top_up_all_due, top_up_if_due
from payments.actions.card_endings import forget_ended_cards
from payments.actions.claims import send_due_claims
from payments.actions.closures import close_due_wallets, forget_closed_customers
from payments.actions.data_exports import forget_old_exports, make_exports
from payments.actions.dispute_answers import send_answers
from payments.actions.linkings import settle_expired_linkings
from payments.actions.money_requests import expire_requests
from payments.actions.settlement_files import import_due
from payments.actions.settlements import settle_merchants
from payments.actions.statements import make_statements
from payments.actions.top_up_sweep import send_due_refunds, settle_due_top_ups
from payments.errors import NoProcessor
from payments.processors.base import ProcessorError
from payments.processors.registry import current_processor
from payments.verification import BooksUnsound, verify_books
from wallet_site.actor import Actor
from wallet_site.audit.recording import record
from wallet_site.transactions import recorded

log = structlog.get_logger(__name__)


@shared_task(name="payments.settle_top_ups")
def settle_top_ups() -> int:
    """Ask the processor about top-ups that a time-out or a crash has left open; send on owed refunds."""
    actor = Actor.system("top-up sweep")
    return settle_due_top_ups(actor) + send_due_refunds(actor)


@shared_task(name="payments.settle_cards")
def settle_cards() -> int:
    """End linkings whose time is over; make the processor forget cards that were removed or blocked."""
    actor = Actor.system("card sweep")
    return settle_expired_linkings(actor) + forget_ended_cards(actor)


@shared_task(name="payments.expire_authorizations")
def expire_payments() -> int:
    """Give money back to the customer that a store authorized and never captured."""
    return expire_authorizations(Actor.system("authorization sweep"))


@shared_task(name="payments.close_wallets")
def close_wallets() -> int:
    """Close the wallets whose wait is over, give back to cards what they owe, forget who left a month ago."""
    return close_due_wallets() + send_due_claims(Actor.system("claim sweep")) + forget_closed_customers()


@shared_task(name="payments.mind_exports")
def mind_exports() -> int:
    """Put together the copies that customers asked for; delete those whose time is over."""
    return make_exports() + forget_old_exports()


@shared_task(name="payments.settle_merchants")
def settle_days() -> int:
    """Settle every merchant's days that are over in Tokyo and not settled yet."""
    return settle_merchants(Actor.system("settlement"))


@shared_task(name="payments.make_statements")
def close_months() -> int:
    """Make the statements of the months that ended last, where a wallet has none yet."""
    return make_statements(Actor.system("statements"))


@shared_task(name="payments.send_dispute_answers")
def send_dispute_answers() -> int:
    """Send the answers to disputes that were decided and that the processor has not heard."""
    return send_answers(Actor.system("dispute sweep"))


@shared_task(
    name="payments.reconcile",
    autoretry_for=(ProcessorError,),
    retry_backoff=60,
    retry_backoff_max=3600,
    max_retries=12,
)
def reconcile_settlements() -> int:
    """Every night: fetch the settlement files that are due and compare each with the books. Returns how many."""
    try:
        processor = current_processor()
    except NoProcessor:
        return 0
    return import_due(processor, actor=Actor.system("reconciliation"))


@shared_task(name="payments.auto_top_up")
def auto_top_up(user_id: int) -> bool:
    """Right after a payment: charge the card of somebody whose balance has fallen below their threshold."""
    return top_up_if_due(user_id, actor=Actor.system("auto top-up")) is not None


@shared_task(name="payments.auto_top_up_all")
def auto_top_up_all() -> int:
    """Whoever was missed: the broker was away, a send or a capture emptied the wallet."""
    return top_up_all_due(Actor.system("auto top-up sweep"))


@shared_task(name="payments.expire_requests")
def expire_money_requests() -> int:
    """Close requests for money that nobody has answered in time."""
    return expire_requests(Actor.system("request sweep"))


@shared_task(name="payments.verify_books")
def prove_books() -> int:
    """Every night: read all of the books once. Returns the number of journals; a fault raises an alarm and a case."""
    found = verify_books()
    if found.fault is not None:
        fault = found.fault
        log.critical("books_unsound", rule=fault.rule, row=fault.row, detail=fault.detail)
        actor = Actor.system("verify_books")
        with recorded(actor):
            record(
                "payments:books:unsound",
                actor=actor,
                subject=("payments.books", fault.row[:64]),
                data={"rule": fault.rule, "detail": fault.detail},
            )
        raise BooksUnsound(fault)
    log.info("books_sound", journals=found.journals, entries=found.entries)
    return found.journals
