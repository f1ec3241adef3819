"""How forms look on pages: the renderer, its bound field, and widgets for what a wallet asks.

`{{ form.email.as_field_group }}` gives label, hint, inline error and the ARIA links between them (the template is
`components/field.html`); `{{ form }}` gives all fields so. Rules about values stay in the apps' forms.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django import forms
from django.forms.boundfield import BoundField
from django.forms.renderers import TemplatesSetting
from django.utils.functional import Promise, cached_property
from django.utils.translation import gettext_lazy as _

Text = str | Promise
# By the field's kind; the first of them for every other.
_MISSING = {
    "text": _("Fill in “%(label)s”."),
    "choices": _("Choose an answer to “%(label)s”."),
    "check": _("Tick “%(label)s” to go on."),
}


class PageBoundField(BoundField):
    """A field in a form, with what the field template has to know about its widget."""

    def __init__(self, form: forms.BaseForm, field: forms.Field, name: str) -> None:
        super().__init__(form, field, name)
        if field.error_messages.get("required") == forms.Field.default_error_messages["required"]:
            # The summary lists errors apart from their fields: "This field is required." twice says nothing there.
            missing = _MISSING.get(self.kind, _MISSING["text"])
            field.error_messages["required"] = missing % {"label": self.label}

    @cached_property
    def kind(self) -> str:
        """Which shape the template gives the field: text, password, amount, code, choices, check or hidden."""
        widget = self.field.widget
        if isinstance(widget, forms.RadioSelect | forms.CheckboxSelectMultiple):
            return "choices"
        if isinstance(widget, forms.CheckboxInput):
            return "check"
        if isinstance(widget, forms.PasswordInput):
            return "password"
        return str(getattr(widget, "kind", "text"))

    @property
    def affix(self) -> str:
        """What stands before the input, as the yen sign of an amount; "" for nothing."""
        return str(getattr(self.field.widget, "affix", ""))

    @property
    def focus_id(self) -> str:
        """The id that the error summary links to: of a group its first choice."""
        return f"{self.auto_id}_0" if self.kind == "choices" else self.id_for_label

    def build_widget_attrs(self, attrs: dict[str, Any], widget: forms.Widget | None = None) -> dict[str, Any]:
        """Radios may not carry aria-invalid (WAI-ARIA): there the fieldset describes the error."""
        built: dict[str, Any] = super().build_widget_attrs(attrs, widget)
        if self.kind == "choices":
            built.pop("aria-invalid", None)
        return built


class PageFormRenderer(TemplatesSetting):
    """Renders forms with the portal's own components; the admin's forms keep the admin's templates."""

    form_template_name = "components/form.html"
    field_template_name = "components/field.html"
    bound_field_class = PageBoundField


class AmountInput(forms.TextInput):
    """Yen, typed as digits with or without grouping. Not type=number: that loses input and turns with the wheel."""

    kind = "amount"

    def __init__(self, attrs: dict[str, Any] | None = None, *, affix: str = "¥") -> None:
        self.affix = affix
        super().__init__(
            {"inputmode": "numeric", "autocomplete": "off", "enterkeyhint": "done", **(attrs or {})}
        )


class OneTimeCodeInput(forms.TextInput):
    """A code of six digits: one field, filled by the phone itself or pasted with any spaces."""

    kind = "code"

    def __init__(self, attrs: dict[str, Any] | None = None) -> None:
        base = {
            "inputmode": "numeric",
            "autocomplete": "one-time-code",
            "autocapitalize": "off",
            "spellcheck": "false",
            "data-one-time-code": "6",
        }
        super().__init__({**base, **(attrs or {})})


class CurrentPasswordInput(forms.PasswordInput):
    """The password that password managers fill in."""

    def __init__(self, attrs: dict[str, Any] | None = None) -> None:
        super().__init__({"autocomplete": "current-password", **(attrs or {})})


class NewPasswordInput(forms.PasswordInput):
    """A password to be chosen: password managers offer one, within the rules named."""

    def __init__(self, attrs: dict[str, Any] | None = None) -> None:
        base = {"autocomplete": "new-password", "passwordrules": "minlength: 12; maxlength: 128;"}
        super().__init__({**base, **(attrs or {})})


class ChoiceCards(forms.RadioSelect):
    """Radios as large rows, each with an optional sentence below: `ChoiceCards(hints={"value": _("…")})`."""

    option_template_name = "components/choice_option.html"

    def __init__(
        self,
        attrs: dict[str, Any] | None = None,
        choices: Any = (),
        *,
        hints: Mapping[str, Text] | None = None,
    ) -> None:
        self.hints = dict(hints or {})
        super().__init__(attrs, choices)

    def create_option(self, name: str, value: Any, *args: Any, **kwargs: Any) -> dict[str, Any]:
        """Adds the choice's hint to what the option template sees."""
        option: dict[str, Any] = super().create_option(name, value, *args, **kwargs)
        return option | {"hint": self.hints.get(str(value), "")}
