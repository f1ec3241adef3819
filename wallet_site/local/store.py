"""/demo/store/: plays a store's till in the browser. Development and tests only."""

from __future__ import annotations

from typing import Any

import httpx
from django import forms
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from payments import one_time_codes
from payments.models import Store
from wallet_site.errors import Problem, Unavailable
from wallet_site.forms import AmountInput
from wallet_site.local.till import TillAnswer, demo_till
from wallet_site.money import LARGEST_MINOR, format_money, parse_amount
from wallet_site.web import public


class TillForm(forms.Form):
    """What a cashier enters."""

    store = forms.ModelChoiceField(
        label=_("Store"),
        queryset=Store.objects.filter(is_active=True).select_related("merchant").order_by("pk"),
        empty_label=None,
    )
    code = forms.CharField(
        label=_("Code"),
        help_text=_("The digits on the customer's Pay page."),
        max_length=64,
        widget=forms.TextInput(attrs={"inputmode": "numeric", "autocomplete": "off"}),
    )
    amount = forms.CharField(label=_("Amount"), max_length=20, widget=AmountInput)

    def clean_code(self) -> str:
        return one_time_codes.plain(self.cleaned_data["code"])

    def clean_amount(self) -> int:
        try:
            amount = parse_amount(self.cleaned_data["amount"])
        except Problem as problem:
            raise forms.ValidationError([str(error.detail) for error in problem.errors]) from problem
        return min(amount, LARGEST_MINOR)


@public
@never_cache
@require_http_methods(["GET", "POST"])
def till(request: HttpRequest) -> HttpResponse:
    """The till. POST sends the sale to the terminal API over HTTP, signed, and shows the answer."""
    form = TillForm(request.POST or None)
    context: dict[str, Any] = {"nav": "store", "form": form}
    if request.method == "POST" and form.is_valid():
        context["answer"] = _shown(_take(form.cleaned_data), form.cleaned_data["store"])
        context["form"] = TillForm(initial={"store": form.cleaned_data["store"].pk})
    return render(request, "demo/store.html", context)


def _take(sale: dict[str, Any]) -> TillAnswer:
    counter = demo_till(sale["store"], language=get_language() or "ja")
    try:
        return counter.take(code=sale["code"], amount_minor=sale["amount"])
    except httpx.HTTPError as error:
        raise Unavailable from error


def _shown(answer: TillAnswer, store: Store) -> dict[str, Any]:
    body = answer.body
    if answer.status != 201:
        return {"approved": False, "title": body.get("title", ""), "text": body.get("detail", "")}
    amount = format_money(body["amount"], body["currency"])
    text = (body["decline"] or {}).get("text", "")
    return {
        "approved": answer.approved,
        "title": _("Approved: %(amount)s") % {"amount": amount}
        if answer.approved
        else _("Declined: %(amount)s") % {"amount": amount},
        "text": text
        or _("%(store)s, reference %(reference)s") % {"store": store, "reference": body["reference"]},
    }
