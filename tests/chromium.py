"""Debian's Chromium, or another, driven by Playwright: for the tests of pages and for their screenshots; contrast."""

import shutil


def executable():
    """The path of Chromium, or None."""
    return shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")


PATIENCE = 120_000  # milliseconds after which a page is given up, on however busy a machine


def launch(playwright):
    """A browser, to be closed by the caller."""
    options = {"executable_path": executable(), "args": ["--no-sandbox", "--disable-gpu"], "timeout": PATIENCE}
    browser = playwright.chromium.launch(**options)
    new_context = browser.new_context

    def patient(**given):
        context = new_context(**given)
        context.set_default_timeout(PATIENCE)
        return context

    browser.new_context = patient
    return browser


def contrast(one, other):
    """Of two colours "#rrggbb", as WCAG 2 defines it."""

    def luminance(colour):
        parts = [int(colour[place : place + 2], 16) / 255 for place in (1, 3, 5)]
        red, green, blue = (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
        return 0.2126 * red + 0.7152 * green + 0.0722 * blue

    dark, light = sorted((luminance(one), luminance(other)))
    return (light + 0.05) / (dark + 0.05)
