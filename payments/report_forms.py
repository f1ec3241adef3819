"""Forms of disputes and of payments that somebody did not make."""

from __future__ import annotations

from django import forms
from django.utils.translation import gettext_lazy as _

from payments.models import Dispute
from wallet_site.forms import ChoiceCards

LONGEST_TEXT = 2_000


def _own_words() -> forms.CharField:
    return forms.CharField(
        label=_("In your own words"),
        required=False,
        max_length=LONGEST_TEXT,
        widget=forms.Textarea(attrs={"rows": 4}),
    )


class ReportForm(forms.Form):
    """What a customer says of a payment that was not theirs."""

    text = _own_words()
    freeze = forms.BooleanField(
        label=_("Stop my money at once"),
        required=False,
        initial=True,
        help_text=_("Nobody can pay, send or top up with your wallet until our support has spoken with you."),
    )


class DisputeWordForm(forms.Form):
    """The customer's own word about a charge that the bank took back."""

    said = forms.ChoiceField(
        label=_("Did you make this top-up?"),
        widget=ChoiceCards(),
        choices=[
            (Dispute.Said.ME.value, _("It was me")),
            (Dispute.Said.NOT_ME.value, _("It was not me")),
        ],
        error_messages={
            "required": _("Choose one of the two."),
            "invalid_choice": _("Choose one of the two."),
        },
    )
    text = _own_words()
