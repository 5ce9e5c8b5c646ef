"""Debian's Chromium, or another, driven by Playwright: for the tests of pages and for their screenshots."""

import shutil


def executable():
    """The path of Chromium, or None."""
    return shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")


def launch(playwright):
    """A browser, to be closed by the caller."""
    return playwright.chromium.launch(executable_path=executable(), args=["--no-sandbox", "--disable-gpu"])
