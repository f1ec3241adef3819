"""Forms of cards and top-ups."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from typing import Any

from django import forms
from django.conf import settings
from django.utils.translation import gettext_lazy as _

from payments.models import Card
from wallet_site.errors import InvalidInput, Problem
from wallet_site.forms import AmountInput, ChoiceCards
from wallet_site.money import parse_amount


class TopUpForm(forms.Form):
    """An amount, one of the customer's cards, and the key that makes pressing twice charge once."""

    amount = forms.CharField(
        label=_("Amount"),
        max_length=20,
        widget=AmountInput(),
        error_messages={"required": _("Enter the amount to top up.")},
    )
    card = forms.ChoiceField(
        label=_("From which card"),
        widget=ChoiceCards(),
        error_messages={
            "required": _("Choose a card."),
            "invalid_choice": _("Choose one of your cards."),
        },
    )
    key = forms.UUIDField(widget=forms.HiddenInput())

    def __init__(self, *args: Any, cards: Sequence[Card], **kwargs: Any) -> None:
        """`cards` are the ones to choose from; the first is chosen."""
        super().__init__(*args, **kwargs)
        choices = [(str(card.public_id), f"{card.brand_name} •••• {card.last_four}") for card in cards]
        field = self.fields["card"]
        assert isinstance(field, forms.ChoiceField)  # noqa: S101 - tells the type checker what it is
        field.choices = choices
        self.initial.setdefault("key", uuid.uuid4())
        if choices:
            self.initial.setdefault("card", choices[0][0])

    def clean_amount(self) -> int:
        """The amount in minor units."""
        try:
            return parse_amount(self.cleaned_data["amount"], settings.CURRENCY)
        except InvalidInput as problem:
            raise forms.ValidationError(str(problem.errors[0].detail)) from problem

    def show(self, problem: Problem) -> None:
        """Put a refusal where its pointer says, or at the top."""
        for error in problem.errors:
            name = error.pointer.lstrip("/")
            self.add_error(name if name in self.fields else None, str(error.detail))
        if not problem.errors:
            self.add_error(None, str(problem.detail))
