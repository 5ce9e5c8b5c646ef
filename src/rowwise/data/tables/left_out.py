"""Records without a target, words that stand for a missing value, spellings of one value → what is said of them."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from rowwise.data.tables.missing_words import real_words
from rowwise.data.tables.weights import WEIGHT
from rowwise.errors import warn_user
from rowwise.text import say

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping

    from rowwise.data.tables.profile import Profile
    from rowwise.data.tables.schema import Column, Schema

SHOWN = 6  # of a list in a message


def tell_left_out(schema: Schema, left_out: int, records: int, words: Mapping[str, Mapping[str, int]]) -> None:
    """Warn where records had no target.

    Args:
        left_out: how many.
        records: with those.
        words: by column, how often each word was taken for a missing value.
    """
    if not left_out:
        return
    counts = {"names": ", ".join(schema.targets), "count": f"{left_out:,}", "records": f"{records:,}"}
    words_of_targets = {word: count for name in schema.targets for word, count in words.get(name, {}).items()}
    message = say("target.left_out", **counts)
    if words_of_targets:
        message += " " + say("target.left_out.words", words=_counted(words_of_targets.items()))
    elif schema.classes and (classes := schema.words.get(schema.targets[0])):
        message += " " + say("target.left_out.frame", classes=", ".join(sorted(classes)))
    warn_user(message)


def take_class_words(name: str, profile: Profile, own: Collection[str] = ()) -> None:
    """Count words that are classes as values of the target, and warn of it.

    Args:
        own: the user's own, which are classes only where there would not be two without them.
    """
    usual = {word: count for word, count in profile.words.items() if word not in own}
    words = real_words(usual, profile.values, profile.present, profile.numeric)
    if profile.distinct + len(words) < 2:
        words |= frozenset(profile.words) & frozenset(own)
    if words:
        taken = {word: profile.words[word] for word in sorted(words)}
        warn_user(say("target.words", name=name, words=_counted(taken.items())))
        profile.take_words(words)


def tell_level_words(profiles: Mapping[str, Profile], names: Iterable[str], own: Collection[str] = ()) -> None:
    """Warn of words that are taken as missing in columns of categories, where they stand as often as a level does.

    Args:
        own: the user's own, which are no news.
    """
    found = []
    for name in names:
        profile = profiles[name]
        usual = {word: count for word, count in profile.words.items() if word not in own}
        words = real_words(usual, profile.values, profile.present, profile.numeric)
        found += [(name, word, profile.words[word]) for word in sorted(words)]
    if found:
        listed = [f'{name} "{word}" ({count:,})' for name, word, count in found[:SHOWN]]
        more = ", …" if len(found) > SHOWN else ""
        warn_user(say("table.words", words=", ".join(listed) + more, name=found[0][0]))


def tell_unseen(profiles: Mapping[str, Profile], own: Iterable[str]) -> None:
    """Warn of the user's own words that stand nowhere."""
    seen = {word for profile in profiles.values() for word in profile.words}
    if unseen := [word for word in own if word not in seen]:
        warn_user(say("table.missing.unseen", words=", ".join(f'"{word}"' for word in unseen)))


def tell_spellings(name: str, groups: Iterable[tuple[str, ...]]) -> None:
    """Warn of texts of a column that are taken for one value."""
    if listed := [" = ".join(f'"{text}"' for text in group) for group in groups]:
        more = ", …" if len(listed) > SHOWN else ""
        warn_user(say("target.spellings", name=name, spellings=", ".join(sorted(listed)[:SHOWN]) + more))


def _counted(counts: Iterable[tuple[str, int]]) -> str:
    return ", ".join(f'"{word}": {count:,}' for word, count in counts)


def not_used(schema: Schema) -> list[tuple[Column, str]]:
    """The columns that were dropped without being asked to, and why in words."""
    return [
        (column, say(f"schema.dropped.{column.reason}"))
        for column in schema.columns
        if column.kind == "dropped" and column.reason not in ("asked", "group", WEIGHT)
    ]


def words_beside_classes(profiles: Mapping[str, Profile], schema: Schema) -> dict[str, Counter[str]]:
    """By target, how often each word stands there for a missing value."""
    return {
        name: Counter({word: count for word, count in profiles[name].words.items() if word not in schema.classes})
        for name in schema.targets
    }
