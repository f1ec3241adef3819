"""The way by the pages of finance: the books, the merchants, what was settled."""

from __future__ import annotations

from payments.models import Settlement
from tests.journeys.guide import Guide, Tour
from tests.payments.webhooks import failed_webhook
from tests.people import make_staff


def books(guide: Guide) -> Tour:
    """What finance reads: a merchant with a day that was settled and a webhook that would not arrive."""
    settled = Settlement.objects.select_related("merchant").latest("pk")
    merchant = f"/admin/merchants/{settled.merchant.public_id}/"
    failed_webhook(settled.merchant)
    guide.become(make_staff("ren", groups=["finance"]))
    yield from guide.goto(
        "/admin/merchants/", merchant, f"{merchant}payments/", f"/admin/settlements/{settled.public_id}/",
        "/admin/journal/", f"/admin/journal/{settled.journal_id}/", "/admin/trial-balance/",
    )  # fmt: skip
