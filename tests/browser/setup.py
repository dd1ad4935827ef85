"""Make sure that a Chromium is there for the browser tests; install one where it is not.

``python -m tests.browser.setup`` prints what it found or did. The tests ask :func:`find_browser`; they do not skip.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

FLAGS = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--use-fake-ui-for-media-stream",  # Chromium's own test picture stands in for a camera
    "--use-fake-device-for-media-stream",
]
NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
MAC = Path("/Applications/Google Chrome.app/Contents/MacOS/Google Chrome")


def find_browser() -> str | None:
    """Return the path of a Chromium: the one ``FERLENS_BROWSER`` names, the system's, or Playwright's own."""
    named = os.environ.get("FERLENS_BROWSER")
    if named:
        return named
    for name in NAMES:
        found = shutil.which(name)
        if found:
            return found
    if MAC.is_file():
        return str(MAC)
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        own = playwright.chromium.executable_path
    return own if Path(own).is_file() else None


def install_browser() -> None:
    """Install Debian's Chromium where that is possible, else Playwright's build."""
    if shutil.which("apt-get") and os.geteuid() == 0:
        subprocess.run(["apt-get", "update", "-qq"], check=True)
        environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
        command = ["apt-get", "install", "-y", "-qq", "--no-install-recommends", "chromium"]
        subprocess.run(command, check=True, env=environment)
    else:
        subprocess.run([sys.executable, "-m", "playwright", "install", "chromium"], check=True)


def main() -> int:
    """Find or install, and say which."""
    if find_browser() is None:
        install_browser()
    browser = find_browser()
    if browser is None:
        sys.stderr.write("error: no Chromium could be installed; install one and name it in FERLENS_BROWSER.\n")
        return 1
    sys.stdout.write(f"browser: {Path(browser).name}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
