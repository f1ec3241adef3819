"""Fields on pages: label, hint and error belong together for eyes and for screen readers."""

from __future__ import annotations

import re

import pytest
from django import forms
from django.template.loader import render_to_string
from django.utils import translation

from wallet_site.forms import AmountInput, ChoiceCards, NewPasswordInput, OneTimeCodeInput


class EveryKind(forms.Form):
    email = forms.EmailField(help_text="Where we write to")
    amount = forms.CharField(widget=AmountInput, required=False)
    code = forms.CharField(widget=OneTimeCodeInput)
    password = forms.CharField(widget=NewPasswordInput)
    card = forms.ChoiceField(
        choices=[("1", "Visa"), ("2", "JCB")], widget=ChoiceCards(hints={"1": "Passed"}), help_text="Yours"
    )
    agreed = forms.BooleanField(label="I agree")
    secret = forms.CharField(widget=forms.HiddenInput, required=False)


@pytest.fixture(autouse=True)
def _english():
    with translation.override("en"):
        yield


def ids(html: str) -> list[str]:
    return re.findall(r'\bid="([^"]+)"', html)


def test_what_describes_a_field_is_on_the_page() -> None:
    html = str(EveryKind({}))
    described = " ".join(re.findall(r'aria-describedby="([^"]+)"', html)).split()
    assert "id_email_helptext" in described
    assert "id_email_error" in described
    assert set(described) <= set(ids(html))


def test_no_id_is_given_twice() -> None:
    html = str(EveryKind({}))
    assert sorted(set(ids(html))) == sorted(ids(html))


def test_a_field_with_an_error_says_so_to_screen_readers() -> None:
    html = str(EveryKind({})["email"].as_field_group())
    assert 'aria-invalid="true"' in html
    assert '<span class="hush">Error:</span> Fill in “Email”.' in html


def test_radios_are_described_by_their_group() -> None:
    html = str(EveryKind({})["card"].as_field_group())
    assert "aria-invalid" not in html
    assert (
        '<fieldset class="field field--invalid" id="id_card_group" aria-describedby="id_card_helptext' in html
    )
    assert "Passed" in html


def test_every_link_of_the_summary_leads_to_a_field() -> None:
    form = EveryKind({})
    summary = render_to_string("components/error_summary.html", {"form": form})
    links = re.findall(r'href="#([^"]+)"', summary)
    assert links == ["id_email", "id_code", "id_password", "id_card_0", "id_agreed"]
    assert set(links) <= set(ids(str(form)))


def test_what_is_missing_is_named_where_it_stands_apart_from_its_field() -> None:
    errors = EveryKind({}).errors
    assert errors["code"] == ["Fill in “Code”."]
    assert errors["card"] == ["Choose an answer to “Card”."]
    assert errors["agreed"] == ["Tick “I agree” to go on."]
    with translation.override("ja"):
        assert EveryKind({}).errors["code"] == ["「Code」を入力してください。"]


def test_a_form_without_errors_has_no_summary() -> None:
    assert not render_to_string("components/error_summary.html", {"form": EveryKind()}).strip()


def test_an_error_of_the_whole_form_and_of_a_hidden_field_are_told() -> None:
    form = EveryKind({})
    form.add_error(None, "Try again later.")
    form.add_error("secret", "Start again.")
    summary = render_to_string("components/error_summary.html", {"form": form})
    assert "Try again later." in summary
    assert "Start again." in summary


def test_fields_that_may_stay_empty_say_so() -> None:
    form = EveryKind()
    assert "(optional)" in form["amount"].as_field_group()
    assert "(optional)" not in form["email"].as_field_group()


def test_amounts_show_yen_and_ask_for_digits() -> None:
    html = EveryKind()["amount"].as_field_group()
    assert '<span class="field__affix" aria-hidden="true">¥</span>' in html
    assert 'inputmode="numeric"' in html


def test_one_time_codes_can_be_filled_by_the_phone_and_pasted_with_spaces() -> None:
    html = EveryKind()["code"].as_field_group()
    assert 'autocomplete="one-time-code"' in html
    assert "maxlength" not in html


def test_passwords_never_come_back() -> None:
    assert "hunter2" not in str(EveryKind({"password": "hunter2-hunter2"}))
