"""Who may what: the table of roles and rights, who holds more for some hours, and asking for it."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from support.actions import access
from support.forms.access import AccessForm
from support.models import ExtraAccess
from support.queries.staff import live_extra_access, roles_of
from support.roles import RIGHTS, ROLES, words_of
from support.views.access import desk_page, page, rights_of
from wallet_site.web import actor_of


@require_safe
@desk_page("use_desk")
def roles(request: HttpRequest) -> HttpResponse:
    """Role by right, as the policy asks it; the reader's own column is marked."""
    staff: Any = request.user
    rows = [
        {
            "words": words_of(name),
            "held": name in rights_of(request),
            "cells": [role in right.roles for role in ROLES],
        }
        for name, right in RIGHTS.items()
    ]
    return page(
        request,
        "support/desk/roles.html",
        title=_("Roles and rights"),
        roles=list(ROLES.values()),
        rows=rows,
        mine=[str(ROLES[name]) for name in roles_of(staff)],
        extra=live_extra_access(),
    )


@desk_page("ask_access")
def ask(request: HttpRequest) -> HttpResponse:
    """Ask for a right for some hours."""
    form = AccessForm(request.POST or None, held=rights_of(request))
    if request.method == "POST" and form.is_valid():
        access.ask_for_access(actor=actor_of(request), **form.cleaned_data)
        messages.success(request, _("Asked for. It waits for another member of staff to approve."))
        return redirect("admin:roles")
    sentences = [
        _("Nothing changes yet: another member of staff has to approve within four hours."),
        _("Then the right is yours for that time, and ends by itself. Everybody at the desk sees it."),
    ]
    response = page(
        request,
        "support/desk/form.html",
        title=_("Ask for more rights"),
        form=form,
        sentences=sentences,
        button=_("Ask for it"),
    )
    response.status_code = 422 if form.errors else 200
    return response


@require_POST
@desk_page("use_desk")
def end(request: HttpRequest, public_id: object) -> HttpResponse:
    """End somebody's extra right before its time."""
    found = get_object_or_404(ExtraAccess, public_id=public_id)
    access.end_access(found, actor=actor_of(request))
    messages.success(request, _("The right has ended."))
    return redirect("admin:roles")
