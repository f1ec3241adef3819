"""System checks, with hints, for what an operator can get wrong about money."""

from __future__ import annotations

from dataclasses import fields
from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage, Error, register

from payments.risk import Thresholds


@register
def thresholds_are_known(**_kwargs: Any) -> list[CheckMessage]:
    """A mistyped threshold would leave the usual number in force, and its rule as lax as before."""
    known = {field.name for field in fields(Thresholds)}
    unknown = sorted(settings.RISK_THRESHOLDS.keys() - known)
    if not unknown:
        return []
    return [
        Error(
            f"RISK_THRESHOLDS names {', '.join(unknown)}, which no rule knows.",
            hint=f"The names are those of payments.risk.Thresholds: {', '.join(sorted(known))}.",
            id="payments.E001",
        )
    ]
