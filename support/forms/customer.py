"""What the desk types on a customer's page."""

from __future__ import annotations

import uuid
from datetime import datetime
from typing import Any

from django import forms
from django.utils import timezone, translation
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.models import Suspension, User
from support.actions.cases import DUE
from support.actions.letters import Apology
from support.forms.fields import ReasonForm, text_field
from support.models import Case
from wallet_site.errors import InvalidInput
from wallet_site.money import parse_amount


class SuspendForm(ReasonForm):
    """What to stop, why and until when."""

    scope = forms.ChoiceField(label=gettext_lazy("What to stop"), choices=Suspension.Scope.choices)
    reason_code = forms.ChoiceField(
        label=gettext_lazy("Why, for the customer"),
        choices=Suspension.Reason.choices,
        help_text=gettext_lazy("The customer reads this in plain words."),
    )
    ends_at = forms.DateTimeField(
        label=gettext_lazy("Until"),
        required=False,
        input_formats=["%Y-%m-%dT%H:%M", "%Y-%m-%dT%H:%M:%S"],
        widget=forms.DateTimeInput(attrs={"type": "datetime-local"}, format="%Y-%m-%dT%H:%M"),
        help_text=gettext_lazy("Japan time. Empty: until somebody lifts it."),
    )
    field_order = ("scope", "reason_code", "reason", "ends_at")

    def clean_ends_at(self) -> datetime | None:
        """A stop that is over already stops nothing."""
        ends_at: datetime | None = self.cleaned_data["ends_at"]
        if ends_at is not None and ends_at <= timezone.now():
            raise forms.ValidationError(_("Choose a time that lies ahead."))
        return ends_at


class NoteForm(forms.Form):
    """Something for the next one at the desk."""

    text = text_field(gettext_lazy("Note"))


class CaseForm(forms.Form):
    """A new case."""

    queue = forms.ChoiceField(
        label=gettext_lazy("Queue"),
        choices=[(queue.value, queue.label) for queue in DUE],
        initial=Case.Queue.OTHER,
    )
    subject = forms.CharField(label=gettext_lazy("What it is about"), max_length=160)
    text = text_field(gettext_lazy("What was found"), required=False)


class RevealForm(ReasonForm):
    """Which value to show, and why."""

    field = forms.ChoiceField(
        label=gettext_lazy("What to show"),
        choices=[("email", gettext_lazy("E-mail address")), ("phone", gettext_lazy("Phone number"))],
    )
    field_order = ("field", "reason")


class AppealForm(forms.Form):
    """A customer's own words."""

    text = forms.CharField(
        label=gettext_lazy("Your message"),
        widget=forms.Textarea(attrs={"rows": 5}),
        max_length=2000,
        help_text=gettext_lazy("Tell us what happened. Never write a password or a code."),
    )


class ApologyForm(ReasonForm):
    """The parts of an apology, in the order in which the customer reads them."""

    letter_id = forms.UUIDField(widget=forms.HiddenInput)
    # Chosen by the tabs above the form, which bring the usual sentences in that language.
    language = forms.ChoiceField(
        label=gettext_lazy("Language"), choices=User.Language.choices, widget=forms.HiddenInput
    )
    what_happened = text_field(gettext_lazy("What happened"), rows=4)
    amount = forms.CharField(
        label=gettext_lazy("Amount that concerns the customer"),
        required=False,
        max_length=20,
        help_text=gettext_lazy("In yen. Leave it empty when there is none."),
    )
    what_we_did = text_field(gettext_lazy("What we have done"))
    what_to_do = text_field(gettext_lazy("What we ask the customer to do"))
    repaid_when = text_field(gettext_lazy("When the customer is repaid"), rows=2, required=False)
    never_again = text_field(gettext_lazy("Why it cannot happen again"))
    field_order = (
        "letter_id", "language", "what_happened", "amount", "what_we_did", "what_to_do", "repaid_when", "never_again",
        "reason",
    )  # fmt: skip

    @classmethod
    def prepared(cls, language: str) -> ApologyForm:
        """An empty form with the usual sentences in the letter's language."""
        with translation.override(language):
            usual = {
                "what_we_did": _("We have stopped what went wrong and have checked your account."),
                "what_to_do": _(
                    "You need not do anything. If you see a payment that you do not know, please call us."
                ),
                "never_again": _(
                    "We have changed how we work, so that this is noticed before it reaches you."
                ),
            }
        return cls(initial={"letter_id": uuid.uuid4(), "language": language, **usual})

    def clean_amount(self) -> int | None:
        """Yen as a whole number."""
        text: str = self.cleaned_data["amount"]
        if not text.strip():
            return None
        try:
            return parse_amount(text)
        except InvalidInput as error:
            raise forms.ValidationError([str(one.detail) for one in error.errors]) from error

    def clean(self) -> dict[str, Any]:
        """An amount and the day of its repayment belong together."""
        cleaned: dict[str, Any] = super().clean() or {}
        if cleaned.get("amount") and not cleaned.get("repaid_when"):
            self.add_error("repaid_when", _("Say when the customer gets the amount."))
        return cleaned

    def apology(self) -> Apology:
        """The letter; only after `is_valid`."""
        cleaned = self.cleaned_data
        return Apology(
            language=cleaned["language"],
            what_happened=cleaned["what_happened"],
            what_we_did=cleaned["what_we_did"],
            what_to_do=cleaned["what_to_do"],
            repaid_when=cleaned["repaid_when"],
            never_again=cleaned["never_again"],
            amount_minor=cleaned["amount"],
        )
