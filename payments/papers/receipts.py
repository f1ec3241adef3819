"""A receipt: one payment, top-up or refund on one page."""

from __future__ import annotations

from django.conf import settings
from django.utils.formats import date_format
from django.utils.translation import gettext as _

from payments.activity import line_of
from payments.days import TOKYO
from payments.models import Entry
from payments.papers.sheet import Sheet
from wallet_site.money import format_money


def facts_of(entry: Entry) -> list[tuple[str, str]]:
    """What a receipt says of one entry, as loaded by `queries.entry_of`."""
    line, currency = line_of(entry), entry.account.currency
    at = date_format(line.occurred_at.astimezone(TOKYO), "DATETIME_FORMAT")
    facts = [(_("When"), f"{at} ({_('Japan time')})")]
    if line.payment is not None:
        store = line.payment.store
        facts.append((_("Store"), f"{store.full_name} · {store.place}" if store.place else store.full_name))
        facts.append((_("The store's number"), line.payment.reference))
        if line.payment.refunded:
            facts.append((_("Given back of this payment"), format_money(line.payment.refunded, currency)))
    if line.top_up is not None:
        facts.append((_("Card"), f"{line.top_up.card.brand_name} •••• {line.top_up.card.last_four}"))
    facts.append((_("Balance after this"), format_money(line.balance_after, currency)))
    facts.append((_("Transaction number"), str(line.journal_id)))
    return facts


def as_pdf(entry: Entry) -> bytes:
    """The receipt on A4, for the wallet's owner."""
    line, owner = line_of(entry), entry.account.owner
    sheet = Sheet(_("Receipt"), subtitle=line.title)
    sheet.amount(line.what, format_money(entry.amount, entry.account.currency, signed=True))
    whose = (
        [(_("Name"), owner.full_name), (_("Customer number"), owner.customer_number or "")] if owner else []
    )
    sheet.facts([*whose, *facts_of(entry)])
    sheet.note(
        _("Made by %(operator)s. Questions: %(phone)s.")
        % {"operator": settings.OPERATOR_NAME, "phone": settings.SUPPORT_PHONE}
    )
    return sheet.as_bytes()
