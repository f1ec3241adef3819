"""Settlement files and differences as finance sees them."""

from __future__ import annotations

from typing import Any

from django.db.models import Count, Q, QuerySet, Sum

from payments.models import SettlementDifference, SettlementFile, SettlementLine

FILES_SHOWN = 60
LINES_SHOWN = 200


def files() -> QuerySet[SettlementFile]:
    """The newest files, each with its differences counted, in one query."""
    return SettlementFile.objects.annotate(
        open_differences=Count("differences", filter=Q(differences__resolution="")),
        all_differences=Count("differences"),
    ).order_by("-day", "-pk")


def totals(file: SettlementFile) -> list[dict[str, Any]]:
    """Count, sum and fees of a file by kind of line and currency."""
    lines = SettlementLine.objects.filter(file=file).values("kind", "currency").order_by("kind", "currency")
    return [dict(one) for one in lines.annotate(lines=Count("pk"), amount=Sum("amount"), fees=Sum("fee"))]


def differences(*, only_open: bool) -> QuerySet[SettlementDifference]:
    """The open ones, oldest first; or all, newest first."""
    found = SettlementDifference.objects.select_related("file", "top_up__user", "resolved_by")
    if only_open:
        return found.filter(resolution="").order_by("found_at", "pk")
    return found.order_by("-pk")
