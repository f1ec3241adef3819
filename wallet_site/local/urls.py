"""/demo/: mounted in development and tests only."""

from __future__ import annotations

from django.urls import path

from wallet_site.local import demo, gallery, store

app_name = "demo"

urlpatterns = [
    path("", demo.people, name="people"),
    path("store/", store.till, name="store"),
    path("mail/", demo.mailboxes, name="mail"),
    path("phones/<slug:channel>/<path:address>/", demo.phone, name="phone"),
    path("mail/<str:address>/", demo.mailbox, name="mailbox"),
    path("mail/<str:address>/<slug:name>/", demo.message, name="message"),
    path("mail/<str:address>/<slug:name>/html/", demo.message_html, name="message_html"),
    path("components/", gallery.gallery, name="gallery"),
]
