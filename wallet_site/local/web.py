"""The portal for granian's workers on a developer's machine: each worker ends when the server that started it does."""

import multiprocessing

from wallet_site.local.bound import die_with_parent

_parent = multiprocessing.parent_process()
if _parent is not None:
    die_with_parent(parent=_parent.pid)

from wallet_site.wsgi import application  # noqa: E402 (nothing may be loaded by a worker that is not bound yet)

__all__ = ["application"]
