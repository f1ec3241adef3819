"""Disputes as the desk lists them: by the clock of the processor."""

from __future__ import annotations

import re

from django.db.models import QuerySet
from django.urls import reverse

from payments.models import Dispute, SettlementDifference
from payments.models.disputes import OPEN_DISPUTE_STATES
from support.models import Case

# What a case was opened for, as its trigger writes it: "payments:top_up:disputed 42".
_ABOUT = re.compile(r"payments:(top_up|dispute|settlement):[a-z_]+ ([0-9]{1,18})")


def disputes(*, only_open: bool) -> QuerySet[Dispute]:
    """The open ones, whose answer is due first on top; or all, newest first."""
    found = Dispute.objects.select_related("top_up__user", "top_up__card", "answer")
    if only_open:
        return found.filter(state__in=OPEN_DISPUTE_STATES).order_by("due_at", "pk")
    return found.order_by("-pk")


def page_about(case: Case) -> str:
    """The page of what a case is about, where it is a dispute or a difference; else ""."""
    named = _ABOUT.fullmatch(case.text)
    if named is None:
        return ""
    number = int(named[2])
    if named[1] == "settlement":
        difference = (
            SettlementDifference.objects.filter(pk=number).values_list("public_id", flat=True).first()
        )
        return reverse("admin:difference", args=[difference]) if difference else ""
    which = {"top_up": number} if named[1] == "top_up" else {"pk": number}
    dispute = Dispute.objects.filter(**which).values_list("public_id", flat=True).first()
    return reverse("admin:dispute", args=[dispute]) if dispute else ""
