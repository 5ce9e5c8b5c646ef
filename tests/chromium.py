"""Debian's Chromium, or another, driven by Playwright: for the tests of pages and for their screenshots."""

import shutil


def found():
    """Its path, or None."""
    return shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")


def started(playwright):
    """A browser, to be closed by the caller."""
    return playwright.chromium.launch(executable_path=found(), args=["--no-sandbox", "--disable-gpu"])
