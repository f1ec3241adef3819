"""Every capability that can be stopped for everybody, and one of them: stop it, or ask to let it go on."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from support.actions import switches
from support.errors import RoleMissing
from support.forms.fields import ReasonForm
from support.queries.switches import SwitchState, past_flips, switch_states
from support.views.access import desk_page, page, rights_of
from wallet_site.errors import NotFound
from wallet_site.switches.flipping import WAIT_SECONDS
from wallet_site.web import actor_of


@require_safe
@desk_page("use_desk")
def switch_list(request: HttpRequest) -> HttpResponse:
    """Every switch and its state; the pulled ones stand out."""
    states = switch_states()
    return page(
        request,
        "support/desk/switches.html",
        title=_("Switches"),
        states=states,
        pulled=[one for one in states if one.is_pulled],
    )


@desk_page("use_desk")
def switch(request: HttpRequest, name: str) -> HttpResponse:
    """One switch with its history; POST pulls it or asks for its release, as its state is."""
    state = next((one for one in switch_states() if one.name == name), None)
    if state is None:
        raise NotFound
    form = ReasonForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        return _flip(request, state, form.cleaned_data["reason"])
    response = page(
        request,
        "support/desk/switch.html",
        title=state.words.title,
        state=state,
        flips=past_flips(name),
        form=form,
        sentences=_sentences(state),
        may=("ask_release" if state.is_pulled else "pull_switch") in rights_of(request),
        button=_("Ask to release it") if state.is_pulled else _("Stop it now, for everybody"),
    )
    response.status_code = 422 if form.errors else 200
    return response


def _flip(request: HttpRequest, state: SwitchState, reason: str) -> HttpResponse:
    """What the button said, never merely the other state: somebody else may have flipped it in between."""
    name: Any = state.name
    if request.POST.get("do") == "pull":
        flip = switches.pull_switch(name, reason=reason, actor=actor_of(request))
        if flip.is_drained:
            messages.success(request, _("Stopped for everybody. Nothing of it is let through any more."))
        else:
            messages.warning(
                request,
                _(
                    "Stopped for everybody. Something that had begun before did not end within %(seconds)d seconds and"
                    " may still end; nothing new is let through."
                )
                % {"seconds": WAIT_SECONDS},
            )
    elif request.POST.get("do") == "release":
        switches.ask_to_release(name, reason=reason, actor=actor_of(request))
        messages.success(request, _("Asked for. It waits for another member of staff to approve."))
    else:
        raise RoleMissing
    return redirect("admin:switch", state.name)


def _sentences(state: SwitchState) -> list[str]:
    if state.is_pulled:
        return [
            _("Nothing changes yet: another member of staff has to approve within 24 hours."),
            _("Then “%(what)s” works again for everybody.") % {"what": state.words.title},
        ]
    return [
        str(state.words.effect),
        _("It holds from the moment it is stopped, for sessions and apps that are signed in too."),
        _("Customers read: “%(told)s”") % {"told": state.words.told},
        _("Only two members of staff together can release it."),
    ]
