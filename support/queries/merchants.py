"""Merchants as the desk reads them: what each is owed and was paid, and whether its webhooks arrive."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from django.db.models import Count, F, Max, OuterRef, Q, QuerySet, Subquery, Sum
from django.db.models.functions import Coalesce

from payments.merchant_webhooks.owing import CHANNEL
from payments.models import Account, Merchant, Payment, Settlement, Store, WebhookEndpoint
from wallet_site.outbox.models import Delivery

PAGE_SIZE = 50
SETTLEMENTS_SHOWN = 31
DELIVERIES_SHOWN = 25
STORES_SHOWN = 100


def _payable(of: str) -> Coalesce:
    accounts = Account.objects.filter(kind="merchant_payable", merchant_id=OuterRef(of)).values("merchant_id")
    return Coalesce(Subquery(accounts.annotate(total=Sum("balance")).values("total")), 0)


def merchants(*, after: int | None = None) -> QuerySet[Merchant]:
    """A page of merchants by number, with what is owed to each and the last settled day; one query."""
    failing = WebhookEndpoint.objects.filter(merchant_id=OuterRef("pk")).filter(
        Q(failing_since__isnull=False, disabled_at=None) | Q(disabled_because__in=["gone", "failing"])
    )
    settled = Settlement.objects.filter(merchant_id=OuterRef("pk")).values("merchant_id")
    found = Merchant.objects.annotate(
        payable=_payable("pk"),
        settled_until=Subquery(settled.annotate(last=Max("day")).values("last")),
        failing=Coalesce(
            Subquery(failing.order_by().values("merchant_id").annotate(n=Count("pk")).values("n")), 0
        ),
    ).order_by("pk")
    return found.filter(pk__gt=after) if after is not None else found


@dataclass(frozen=True, slots=True)
class Told:
    """One message to one endpoint."""

    delivery: Delivery
    endpoint: WebhookEndpoint

    @property
    def can_be_replayed(self) -> bool:
        return self.delivery.state in ("sent", "failed") and self.endpoint.disabled_at is None


@dataclass(frozen=True, slots=True)
class MerchantPage:
    """Everything of one merchant's page."""

    stores: Sequence[Store]
    settlements: Sequence[Settlement]
    endpoints: Sequence[WebhookEndpoint]
    told: Sequence[Told]


def merchant_page(merchant: Merchant) -> MerchantPage:
    """Four queries, however much there is."""
    stores = Store.objects.filter(merchant=merchant).annotate(
        tills=Count("terminals", filter=Q(terminals__revoked_at=None))
    )
    endpoints = list(
        WebhookEndpoint.objects.filter(merchant=merchant).order_by(F("disabled_at").desc(nulls_first=True))
    )
    by_id = {str(one.public_id): one for one in endpoints}
    deliveries = Delivery.objects.filter(channel=CHANNEL, address__in=list(by_id)).select_related("event")
    return MerchantPage(
        stores=list(stores.order_by("name")[:STORES_SHOWN]),
        settlements=list(merchant.settlements.order_by("-day")[:SETTLEMENTS_SHOWN]),
        endpoints=endpoints,
        told=[Told(one, by_id[one.address]) for one in deliveries.order_by("-pk")[:DELIVERIES_SHOWN]],
    )


def payments_page(merchant: Merchant, *, before: int | None = None) -> list[Payment]:
    """One row more than a page shows, so that the caller knows whether there is a next one; newest first."""
    taken = Payment.objects.filter(store__merchant=merchant).select_related("store", "terminal", "customer")
    if before is not None:
        taken = taken.filter(pk__lt=before)
    return list(taken.order_by("-pk")[: PAGE_SIZE + 1])
