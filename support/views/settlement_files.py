"""Finance: settlement files, what they hold, and where they and the books differ."""

from __future__ import annotations

from datetime import timedelta

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from django.views.decorators.http import require_safe

from payments.actions.differences import bookable, came_late
from payments.models import SettlementDifference, SettlementFile
from support.actions import settlement_files as actions
from support.errors import RoleMissing
from support.forms.fields import ReasonForm
from support.models import Approval
from support.queries import settlement_files as queries
from support.views.access import desk_page, page
from wallet_site.web import actor_of

SHOWN = 100


class DayForm(forms.Form):
    """Which day's file."""

    day = forms.DateField(
        label=gettext_lazy("Day in Japan"),
        widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
        help_text=gettext_lazy("Files come by themselves every night; a repeat changes nothing."),
    )


@desk_page("see_settlement")
def file_list(request: HttpRequest) -> HttpResponse:
    """The newest files with their differences; POST fetches one now."""
    form = DayForm(request.POST or None, initial={"day": timezone.localdate() - timedelta(days=1)})
    if request.method == "POST" and form.is_valid():
        done = actions.fetch_file(form.cleaned_data["day"], actor=actor_of(request))
        messages.success(request, _fetched(done.new_differences, repeated=done.repeated))
        return redirect("admin:settlement_file", done.file.public_id)
    response = page(
        request,
        "support/desk/settlement_files.html",
        title=_("Settlement files"),
        files=queries.files()[: queries.FILES_SHOWN],
        form=form,
    )
    response.status_code = 422 if form.errors else 200
    return response


def _fetched(count: int, *, repeated: bool) -> str:
    if not count:
        return (
            _("This file was taken before. Nothing has changed.")
            if repeated
            else _("The file fits the books.")
        )
    return ngettext("%(count)d difference was found.", "%(count)d differences were found.", count) % {
        "count": count
    }


@require_safe
@desk_page("see_settlement")
def settlement_file(request: HttpRequest, public_id: object) -> HttpResponse:
    """One file: sums, differences, and its first lines."""
    found = get_object_or_404(SettlementFile, public_id=public_id)
    lines = found.lines.order_by("number")[: queries.LINES_SHOWN]
    return page(
        request,
        "support/desk/settlement_file.html",
        title=_("Settlement file of %(day)s") % {"day": found.day},
        file=found,
        totals=queries.totals(found),
        differences=queries.differences(only_open=False).filter(file=found)[:SHOWN],
        lines=lines,
        has_more=found.line_count > queries.LINES_SHOWN,
    )


@require_safe
@desk_page("see_settlement")
def difference_list(request: HttpRequest) -> HttpResponse:
    """What nobody has resolved, oldest first; `?all` with what was."""
    everything = "all" in request.GET
    return page(
        request,
        "support/desk/differences.html",
        title=_("Differences"),
        differences=queries.differences(only_open=not everything)[:SHOWN],
        everything=everything,
    )


@desk_page("see_settlement")
def difference(request: HttpRequest, public_id: object) -> HttpResponse:
    """One difference; POST explains it, or asks a second person to book it."""
    found = get_object_or_404(
        queries.differences(only_open=False).select_related("line"), public_id=public_id
    )
    form = ReasonForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        return _resolve(request, found, form.cleaned_data["reason"])
    waiting = Approval.objects.filter(kind=actions.BookDifference.name, subject_id=found.pk, state="waiting")
    response = page(
        request,
        "support/desk/difference.html",
        title=found.get_kind_display(),
        difference=found,
        bookable=bookable(found) if found.is_open else 0,
        currency=found.found_currency or found.expected_currency,
        late=came_late(found),
        waiting=waiting.first(),
        form=form,
    )
    response.status_code = 422 if form.errors else 200
    return response


def _resolve(request: HttpRequest, found: SettlementDifference, reason: str) -> HttpResponse:
    if request.POST.get("do") == "explain":
        actions.explain(found, reason=reason, actor=actor_of(request))
        messages.success(request, _("Resolved. No money was posted."))
    elif request.POST.get("do") == "book":
        actions.ask_to_book(found, reason=reason, actor=actor_of(request))
        messages.success(request, _("Asked for. It waits for another member of staff to approve."))
    else:
        raise RoleMissing
    return redirect("admin:difference", found.public_id)
