"""A colour's name → its value, light and dark: what every page and drawing is painted with."""

from __future__ import annotations

# Name → light, dark. Every text has a contrast of at least 4.5 on `bg` and `card`; tests compute it.
PALETTE = {
    "bg": ("#ffffff", "#12151a"),
    "card": ("#f6f7f9", "#1a1f26"),
    "line": ("#d3d8df", "#39424e"),
    "fg": ("#1a1f26", "#e9edf2"),
    "soft": ("#525c69", "#aab5c2"),
    "x": ("#cfe0fb", "#1d3b66"),
    "x-ink": ("#1f4f9c", "#97c1ff"),
    "w": ("#fde0bd", "#563413"),
    "w-ink": ("#8a4200", "#ffbe80"),
    "b": ("#e8d9fb", "#43296b"),
    "b-ink": ("#6a2fa3", "#d4aeff"),
    "y": ("#c9ecd3", "#17482a"),
    "y-ink": ("#17652f", "#86dfa2"),
}
LIGHT, DARK = ({name: both[theme] for name, both in PALETTE.items()} for theme in (0, 1))
# For what stands in a page, whose style sheet sets them.
VARIABLES = {name: f"var(--rowwise-{name})" for name in PALETTE}
