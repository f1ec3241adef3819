"""The admin site: nobody gets in without a verified second factor (requirement 38).

Imported when the admin looks for its site, after all models are there; never from an app's `apps.py`.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django.conf import settings
from django.contrib.admin import AdminSite
from django.contrib.auth import logout as end_session
from django.db.models import Model
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseNotAllowed
from django.shortcuts import redirect
from django.urls import URLPattern, URLResolver, path, reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.actions.sign_ins import end_sign_in
from support.views import (
    approvals,
    books,
    claims,
    customer,
    desk,
    disputes,
    merchants,
    own,
    recoveries,
    roles,
    settlement_files,
    switches,
)
from support.views.access import rights_of
from wallet_site.web import actor_of, to_sign_in


class DeskAdminSite(AdminSite):
    """Stock admin, closed to sessions that have only a password, to customers and to strangers alike.

    Packages may register their tables; none of them is shown: staff never edit a person, a factor or a group.
    """

    site_title = gettext_lazy("Kakehashi support")
    site_header = gettext_lazy("Kakehashi support")
    index_title = gettext_lazy("The desk")
    site_url = None
    # What the desk may list by the stock pages.
    shown_apps = ("support",)

    def has_permission(self, request: HttpRequest) -> bool:
        """Active staff with a verified factor. Asked by every admin view, for every method."""
        user: Any = request.user
        return bool(user.is_active and user.is_staff and user.is_verified())

    def register(self, model_or_iterable: Any, admin_class: Any = None, **options: Any) -> None:
        """Takes up the desk's own tables only; what packages bring stays out."""
        models: Iterable[type[Model]] = (
            [model_or_iterable] if isinstance(model_or_iterable, type) else list(model_or_iterable)
        )
        ours = [model for model in models if model._meta.app_label in self.shown_apps]
        if ours:
            super().register(ours, admin_class, **options)

    def login(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        """There is one way in for everybody, with its second factor; the admin's own form is not it."""
        return to_sign_in(request)

    def logout(  # type: ignore[override]  # the stubs promise a template; Django itself redirects too
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """Ends the sign-in, as the customers' page does; by POST only."""
        if request.method != "POST":
            return HttpResponseNotAllowed(["POST"])
        sign_in = getattr(request, "sign_in", None)
        if sign_in is not None:
            end_sign_in(sign_in, why="signed_out", actor=actor_of(request))
        end_session(request)
        return redirect(settings.LOGOUT_REDIRECT_URL)

    def password_change(  # type: ignore[override]
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """Not here: the stock form asks for no second factor."""
        raise Http404

    def password_change_done(  # type: ignore[override]
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """There is nothing to be done with."""
        raise Http404

    def index(  # type: ignore[override]
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """The desk's dashboard."""
        return desk.dashboard(request)

    def get_urls(self) -> list[URLPattern | URLResolver]:
        """The desk's pages before the stock ones; each is closed by `has_permission` like those."""
        person = "customers/<uuid:public_id>/"
        pages = [
            ("customers/", desk.search, "search"),
            (person, customer.customer, "customer"),
            (f"{person}suspend/", customer.suspend, "suspend"),
            (f"{person}end-sessions/", customer.end_sessions, "end_sessions"),
            (f"{person}letter/", customer.letter, "letter"),
            (f"{person}note/", customer.note, "note"),
            (f"{person}recovery/", recoveries.recovery, "recovery"),
            (f"{person}case/", customer.open_case, "open_case"),
            (f"{person}reveal/", customer.reveal, "reveal"),
            ("suspensions/<uuid:public_id>/lift/", customer.lift, "lift"),
            ("claims/<uuid:public_id>/pay/", claims.pay_claim, "pay_claim"),
            ("cases/", desk.case_list, "cases"),
            ("cases/<uuid:public_id>/", desk.case, "case"),
            ("disputes/", disputes.dispute_list, "disputes"),
            ("disputes/<uuid:public_id>/", disputes.dispute, "dispute"),
            ("settlement-files/", settlement_files.file_list, "settlement_files"),
            ("settlement-files/<uuid:public_id>/", settlement_files.settlement_file, "settlement_file"),
            ("differences/", settlement_files.difference_list, "differences"),
            ("differences/<uuid:public_id>/", settlement_files.difference, "difference"),
            ("approvals/", approvals.approval_list, "approvals"),
            ("switches/", switches.switch_list, "switches"),
            ("switches/<slug:name>/", switches.switch, "switch"),
            ("merchants/", merchants.merchant_list, "merchants"),
            ("merchants/<uuid:public_id>/", merchants.merchant, "merchant"),
            ("merchants/<uuid:public_id>/payments/", merchants.merchant_payments, "merchant_payments"),
            ("settlements/<uuid:public_id>/", merchants.settlement, "settlement"),
            ("settlements/<uuid:public_id>/report/", merchants.settlement_report, "settlement_report"),
            ("webhooks/<int:delivery_id>/replay/", merchants.replay, "replay_webhook"),
            ("journal/", books.journal_list, "journals"),
            ("journal/<int:number>/", books.journal, "journal"),
            ("trial-balance/", books.trial_balance, "trial_balance"),
            ("roles/", roles.roles, "roles"),
            ("roles/ask/", roles.ask, "ask_access"),
            ("roles/<uuid:public_id>/end/", roles.end, "end_access"),
            ("approvals/<uuid:public_id>/", approvals.approval, "approval"),
            ("you/", own.own, "own"),
            ("you/passkeys/add/", own.passkey_add, "own_passkey_add"),
            ("you/apps/add/", own.totp_add, "own_totp_add"),
            ("you/factors/<uuid:public_id>/name/", own.factor_rename, "own_factor_rename"),
            ("you/factors/<uuid:public_id>/remove/", own.factor_remove, "own_factor_remove"),
            ("you/recovery-codes/", own.recovery_codes, "own_recovery_codes"),
        ]
        ours = [path(route, self.admin_view(view), name=name) for route, view, name in pages]
        return [*ours, *super().get_urls()]

    def get_app_list(self, request: HttpRequest, app_label: str | None = None) -> list[Any]:
        """The desk's pages on top of the side bar."""
        stock: list[Any] = super().get_app_list(request, app_label)
        if app_label is not None:
            return stock
        pages = [
            (_("Customers"), "search"),
            (_("Cases"), "cases"),
            (_("Disputes"), "disputes"),
            (_("Approvals"), "approvals"),
            (_("Switches"), "switches"),
            *(
                [
                    (_("Merchants"), "merchants"),
                    (_("General journal"), "journals"),
                    (_("Trial balance"), "trial_balance"),
                ]
                if "see_books" in rights_of(request)
                else []
            ),
            (_("Roles"), "roles"),
            (_("How you sign in"), "own"),
        ]
        if "see_settlement" in rights_of(request):
            pages.insert(3, (_("Settlement files"), "settlement_files"))
        desk = {
            "name": _("The desk"),
            "app_label": "desk",
            "app_url": reverse("admin:index"),
            "has_module_perms": True,
            "models": [
                {
                    "name": label,
                    "object_name": name.title(),
                    "perms": {"view": True},
                    "admin_url": reverse(f"admin:{name}"),
                    "add_url": None,
                    "view_only": True,
                }
                for label, name in pages
            ],
        }
        return [desk, *stock]
