"""/demo/components/: every component with sample data, to look at while building. Development and tests only."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import segno
from django import forms
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.safestring import mark_safe

from wallet_site.charts import bar_chart
from wallet_site.forms import (
    AmountInput,
    ChoiceCards,
    NewPasswordInput,
    OneTimeCodeInput,
)
from wallet_site.web import public


class SampleForm(forms.Form):
    """One field of each kind."""

    email = forms.EmailField(label="E-mail address")
    password = forms.CharField(
        label="Password",
        widget=NewPasswordInput,
        help_text="At least 12 characters. A sentence is fine.",
    )
    amount = forms.CharField(
        label="Amount",
        widget=AmountInput,
        help_text="Up to ¥30,000 more today",
    )
    code = forms.CharField(label="Code from your app", widget=OneTimeCodeInput)
    source = forms.ChoiceField(
        label="Pay with",
        choices=[("1", "Visa •••• 4242"), ("2", "JCB •••• 0505")],
        widget=ChoiceCards(hints={"1": "3-D Secure passed"}),
    )
    language = forms.ChoiceField(
        label="Language", choices=[("ja", "日本語"), ("en", "English")], required=False
    )
    note = forms.CharField(label="Note", widget=forms.Textarea, required=False)
    agreed = forms.BooleanField(label="I have read the terms")


def qr_svg(text: str) -> str:
    """A QR code as an SVG without style attributes."""
    drawn = segno.make(text, error="m").svg_inline(border=0, omitsize=True, lineclass=None, svgclass=None)
    return mark_safe(drawn)  # noqa: S308  (segno draws it from our own text)


def _sample() -> dict[str, Any]:
    now = timezone.now()
    codes = [f"{a}-{b}-{c}" for a, b, c in (("7KQ4", "M2XD", "9RTW"), ("H3VN", "8PZC", "W6FJ"))] * 5
    return {
        "form": SampleForm({"email": "aya@", "amount": "3,000", "source": "1", "password": ""}),
        "totp_key": "JBSW Y3DP EHPK 3PXP",
        "codes": codes,
        "codes_text": "\n".join(codes),
        "until": now + timedelta(minutes=4, seconds=30),
        "earlier": now - timedelta(hours=3),
        "qr": qr_svg("https://localhost/demo"),
        "restrictions": ["top_up"],
        "chart": bar_chart(
            [("Jun", 61_000), ("Jul", 75_000), ("Aug", 52_300), ("Sep", 88_400), ("Oct", 47_642)]
        ),
        "actions": [
            {"url": "#", "icon": "qr", "label": "Pay", "main": True},
            {"url": "#", "icon": "plus", "label": "Top up"},
            {"url": "#", "icon": "card", "label": "Cards"},
            {"url": "#", "icon": "activity", "label": "Activity"},
        ],
    }


@public
def gallery(request: HttpRequest) -> HttpResponse:
    """One page with all of them, one field of each kind with its errors included."""
    person = {"display_name": "森 彩", "email": "aya@example.com", "customer_number": "K-0000-0001"}
    return render(request, "components/gallery.html", {"user": person, **_sample()})
