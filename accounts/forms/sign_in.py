"""The two steps of signing in, and a fresh proof later on."""

from __future__ import annotations

from typing import Any

from django import forms
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from accounts.actions.credentials import prove_password
from accounts.actions.sign_in_attempts import keep_refusal
from accounts.forms.fields import LONGEST_PASSWORD, SecondFactorField, address_field, show_problem
from accounts.forms.passkeys import ceremony_field, credential_field
from accounts.models import User
from accounts.two_factor.codes import EVERY_CODE, check_code, method_of
from accounts.two_factor.methods import FactorProof, Method
from accounts.two_factor.passkeys.ceremonies import Question
from accounts.two_factor.passkeys.proofs import check_passkey
from wallet_site.errors import Problem
from wallet_site.forms import CurrentPasswordInput
from wallet_site.web import actor_of


class PasswordStepForm(forms.Form):
    """Address and password. The wizard takes `user_cache` as who has proven them."""

    email = address_field(autocomplete="username webauthn")
    password = forms.CharField(
        label=_("Password"),
        strip=False,
        max_length=LONGEST_PASSWORD,
        widget=CurrentPasswordInput(),
        error_messages={"required": _("Enter your password.")},
    )

    def __init__(self, request: HttpRequest, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.request = request
        self.user_cache: User | None = None
        self.problem: Problem | None = None

    def clean(self) -> dict[str, Any]:
        """Asks the action once both are there; each call counts as one try."""
        values = self.cleaned_data
        if "email" in values and "password" in values:
            try:
                self.user_cache = prove_password(
                    values["email"], values["password"], actor=actor_of(self.request)
                )
            except Problem as problem:
                self.problem = problem
                show_problem(self, problem)
        return values


class SecondFactorForm(forms.Form):
    """A code or a passkey of `user`. A right one is used up by the very validation: the wizard must not repeat it.

    `passkey_for` is the question that a passkey answers on this page; None takes codes only.
    """

    idempotent = False

    def __init__(
        self,
        user: User | None,
        request: HttpRequest,
        *,
        recovery: bool = False,
        allowed: frozenset[Method] = EVERY_CODE,
        passkey_for: Question | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.allowed = allowed
        self.passkey_for = passkey_for
        self.user = user
        self.request = request
        self.proof: FactorProof | None = None
        self.problem: Problem | None = None
        self.fields["code"] = SecondFactorField(recovery=recovery)
        if passkey_for is not None:
            self.fields |= {"ceremony": ceremony_field(), "credential": credential_field()}
            self.fields["code"].required = not self._answer("credential")

    def clean(self) -> dict[str, Any]:
        """Judged under the person's lock; somebody without any factor can never be right."""
        credential = self.cleaned_data.get("credential", "")
        if self.user and (credential or "code" in self.cleaned_data):
            try:
                self.proof = self._prove(self.user, credential)
            except Problem as problem:
                if self.passkey_for is not None and self.passkey_for.purpose == "second_factor":
                    self._keep(self.user, problem, "passkey" if credential else "")
                self.problem = problem
                show_problem(self, problem)
        return {}

    def _keep(self, user: User, problem: Problem, factor: str) -> None:
        """A try to sign in, not a proof later on: it belongs to the person's history."""
        factor = factor or method_of(self.cleaned_data["code"])
        keep_refusal(user.pk, problem, channel="browser", actor=actor_of(self.request), factor=factor)

    def _prove(self, user: User, credential: str) -> FactorProof:
        actor = actor_of(self.request)
        if credential and self.passkey_for is not None:
            return check_passkey(
                self.cleaned_data.get("ceremony", ""),
                credential,
                question=self.passkey_for,
                user=user,
                actor=actor,
            )
        return check_code(user, self.cleaned_data["code"], actor=actor, allowed=self.allowed)

    def _answer(self, name: str) -> str:
        return str(self.data.get(self.add_prefix(name), ""))
