"""Signing in and out: django-two-factor-auth's wizard, mended.

What it gets wrong for a wallet (see the tests of this view): it skips the second step for somebody without a device of
the name "default", keeps a cookie in place of a factor, reads the device without a lock. So its conditions are gone
(both steps, always), the device is ours, and a code is judged by `accounts.two_factor.codes`. Everything that is used
of the package is in this module.
"""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.contrib.auth import logout
from django.forms import Form, ValidationError
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST
from two_factor.views import LoginView
from two_factor.views.utils import IdempotentSessionWizardView

from accounts import policy
from accounts.actions.sign_in_attempts import Result, keep_attempt
from accounts.actions.sign_ins import end_sign_in
from accounts.forms.sign_in import PasswordStepForm, SecondFactorForm
from accounts.models import User
from accounts.notices.warnings import suspension_facts
from accounts.two_factor.methods import FactorProof, factors_of
from accounts.two_factor.passkeys.ceremonies import Asked, Question, ask_to_sign
from accounts.two_factor.passkeys.proofs import check_passkey
from accounts.views.pages import home_of, open_session, safe_next, speak, status_of
from accounts.views.passkey_requests import answer_options, browser_bearer, wants_options
from accounts.views.recovery import begin_for
from wallet_site.crypto import digest, equal
from wallet_site.errors import NotSignedIn, Problem
from wallet_site.web import actor_of

STAMP = "stamp"
# Sent with a passkey that needs no password before it.
ALONE = "passkey_alone"
_OTHER_WAYS = {"use_recovery", "use_factor"}


class SignInView(LoginView):
    """Address and password, then a second factor. Nobody gets past the first step into anything."""

    template_name = "accounts/sign_in.html"
    form_list = ((LoginView.AUTH_STEP, PasswordStepForm), (LoginView.TOKEN_STEP, SecondFactorForm))
    # The package's own conditions skip the second step for some people. Here it has none.
    condition_dict: dict[str, Any] = {}
    proof: FactorProof | None = None

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        """Who is signed in already goes where they wanted to."""
        user = request.user
        if isinstance(user, User) and user.is_verified():  # type: ignore[attr-defined]
            return HttpResponseRedirect(self._destination(user))
        response: HttpResponse = super().dispatch(request, *args, **kwargs)
        return response

    def get_device(self, step: str | None = None) -> None:
        """No device is chosen beforehand: one field takes any code of any of the person's factors."""
        return

    def get_user(self) -> User | bool:
        """Who has proven the password in this wizard; nobody once password or address were changed meanwhile.

        Otherwise who knows the old password and waits at the second step would get in without the new one.
        """
        user = super().get_user()
        if isinstance(user, User) and equal(str(self.storage.data.get(STAMP, "")), _stamp(user)):
            return user
        return False

    def get_devices(self) -> list[Any]:
        """The package offers devices to choose from; here there is nothing to choose."""
        return []

    @property
    def remember_agent(self) -> bool:
        """A remembered browser never stands in for a factor (requirement 15)."""
        return False

    def post(self, *args: Any, **kwargs: Any) -> HttpResponse:
        """Other ways only show the second step again, in another look; a passkey alone needs no step at all.

        `lost_factor`, and `?lost` after the password, lead on to setting up a new factor instead of signing in.
        """
        if wants_options(self.request):
            return answer_options(self._ask_passkey)
        if ALONE in self.request.POST:
            return self._enter_by_passkey()
        if _OTHER_WAYS & set(self.request.POST) and not self.expired and self.get_user():
            return self.render(self.get_form(self.TOKEN_STEP))
        if "lost_factor" in self.request.POST and not self.expired and (user := self._proven_customer()):
            return begin_for(self.request, user)
        response: HttpResponse = super().post(*args, **kwargs)
        if "lost" in self.request.GET and self.steps.current == self.TOKEN_STEP:
            user = self._proven_customer()
            return begin_for(self.request, user) if user else response
        return response

    def _proven_customer(self) -> User | None:
        user = self.get_user()
        return user if isinstance(user, User) and user.kind == User.Kind.CUSTOMER else None

    def get_form(self, step: str | None = None, **kwargs: Any) -> Form:
        """The package would look the second step's form up by device."""
        form: Form = IdempotentSessionWizardView.get_form(self, step=step, **kwargs)
        if self.show_timeout_error:
            form.cleaned_data = getattr(form, "cleaned_data", {})
            form.add_error(None, ValidationError(_("Too much time has passed. Please sign in again.")))
        return form

    def get_form_kwargs(self, step: str | None = None) -> dict[str, Any]:
        """Who is to prove the second factor is what the session's wizard says, never what the form says."""
        if step == self.AUTH_STEP:
            return {"request": self.request}
        if step == self.TOKEN_STEP:
            recovery = bool({"use_recovery", "with_recovery"} & set(self.request.POST))
            return {
                "request": self.request,
                "user": self.get_user() or None,
                "recovery": recovery,
                "passkey_for": Question("second_factor", browser_bearer(self.request)),
            }
        return {}

    def _ask_passkey(self) -> Asked:
        """The question for the page's script: alone for any passkey, at the second step for one of the person's."""
        bearer = browser_bearer(self.request)
        if ALONE in self.request.POST:
            return ask_to_sign(Question("sign_in", bearer), user=None)
        user = self.get_user()
        if self.expired or not isinstance(user, User):
            raise NotSignedIn
        return ask_to_sign(Question("second_factor", bearer), user=user)

    def _enter_by_passkey(self) -> HttpResponse:
        """Possession and a verified user in one: neither address nor password is asked."""
        self.storage.reset()
        try:
            proof = check_passkey(
                self.request.POST.get("ceremony", ""),
                self.request.POST.get("credential", ""),
                question=Question("sign_in", browser_bearer(self.request)),
                user=None,
                actor=actor_of(self.request),
            )
            return self._enter(proof.device.user, proof)
        except Problem as problem:
            return self.render(self.get_form(self.AUTH_STEP), problem=problem)

    def process_step(self, form: Form) -> Any:
        """A right password renews the session id; a right code is kept for this one request only."""
        if self.steps.current == self.AUTH_STEP:
            super().process_step(form)
            if isinstance(form, PasswordStepForm) and form.user_cache is not None:
                self.storage.data[STAMP] = _stamp(form.user_cache)
            self.request.session.cycle_key()
            return None
        if isinstance(form, SecondFactorForm):
            self.proof = form.proof
        return {}

    def render(self, form: Form | None = None, **kwargs: Any) -> HttpResponse:
        """The package would ask the device for a challenge here; ours need none."""
        response: HttpResponse = IdempotentSessionWizardView.render(self, form, **kwargs)
        problem = kwargs.get("problem") or getattr(form, "problem", None)
        response.status_code = status_of(problem)
        if problem and problem.retry_after:
            response["Retry-After"] = str(problem.retry_after)
        return response

    def get_context_data(self, form: Form, **kwargs: Any) -> dict[str, Any]:
        """Adds which step is shown and which keyboard."""
        context: dict[str, Any] = IdempotentSessionWizardView.get_context_data(self, form=form, **kwargs)
        recovery = bool({"use_recovery", "with_recovery"} & set(self.request.POST))
        is_second_step = self.steps.current == self.TOKEN_STEP
        user = self.get_user() if is_second_step else None
        return context | {
            "is_second_step": is_second_step,
            "recovery": recovery,
            "factors": factors_of(user.pk) if isinstance(user, User) else [],
        }

    def render_done(self, form: Form, **kwargs: Any) -> HttpResponse:
        """Nothing is validated twice: a code was burnt by being right."""
        return self.done([form], **kwargs)

    def done(self, form_list: Any, **kwargs: Any) -> HttpResponse:
        """Both are proven. Begin a session under a new id, or say that the account is stopped."""
        user = self.get_user()
        if not isinstance(user, User) or self.proof is None or self.proof.device.user_id != user.pk:
            self.storage.reset()
            raise NotSignedIn
        return self._enter(user, self.proof)

    def _enter(self, user: User, proof: FactorProof) -> HttpResponse:
        stops = [one for one in policy.restrictions(user.pk) if policy.stops(one, "sign_in")]
        if stops:
            keep_attempt(
                user.pk, Result.STOPPED, channel="browser", factor=proof.method, actor=actor_of(self.request)
            )
            self.storage.reset()
            context = {"stops": [suspension_facts(one) for one in stops]}
            return render(self.request, "accounts/sign_in_stopped.html", context, status=403)
        destination = self._destination(user)
        open_session(self.request, user, proof)
        if proof.method == "recovery_code":
            messages.warning(
                self.request,
                _("You used a recovery code. It is used up: make new codes on the security page."),
            )
        return speak(redirect(destination), user.language)

    def _destination(self, user: User) -> str:
        """Where the person wanted to go, if it is theirs; staff and customers share no page."""
        home = home_of(user)
        wanted = safe_next(self.request, home)
        return wanted if wanted.startswith(home_of(user)) or not user.is_staff else home


def _stamp(user: User) -> str:
    """Changes with the password and the address; the session's table learns nothing of either."""
    return digest(user.get_session_auth_hash(), "sign-in-stamp").hex()


@require_POST
def sign_out(request: HttpRequest) -> HttpResponse:
    """End this browser's session. By POST only: no picture on another site signs anybody out."""
    sign_in = getattr(request, "sign_in", None)
    if sign_in is not None:
        end_sign_in(sign_in, why="signed_out", actor=actor_of(request))
    logout(request)
    messages.success(request, _("You have signed out."))
    return redirect("accounts:sign_in")
