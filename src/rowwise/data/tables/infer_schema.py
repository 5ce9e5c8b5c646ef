"""The profiles of a table's columns and the user's options → its Schema, whose statistics are still lacking."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from rowwise.data.column_names import cut, listed
from rowwise.data.tables.columns import KINDS, dropped
from rowwise.data.tables.columns.categorical import sorted_levels
from rowwise.data.tables.dates import order
from rowwise.data.tables.identifiers import names_owner
from rowwise.data.tables.left_out import take_class_words, tell_level_words, tell_spellings
from rowwise.data.tables.number_notes import digits_note, no_numbers, number_notes, unit_notes
from rowwise.data.tables.origins import origin
from rowwise.data.tables.parse import TRUE
from rowwise.data.tables.profile import MOST_LEVELS
from rowwise.data.tables.schema import Column, Schema
from rowwise.data.tables.spelling import folded_name, merged, yes_or_no
from rowwise.data.tables.weights import WEIGHT
from rowwise.errors import DataError, UsageError, warn_user
from rowwise.text import say
from rowwise.text.near import nearest

if TYPE_CHECKING:
    from collections.abc import Mapping

    from rowwise.data.source import Source
    from rowwise.data.tables.decimal_sign import Signs
    from rowwise.data.tables.number_profile import Range
    from rowwise.data.tables.profile import Profile
    from rowwise.data.tables.read import Table

FEW = 20  # a target of whole numbers with at most so many different ones,
OFTEN = 5  # each in so many records on average, has classes
SHARED = 0.9  # different ids a record, at most, where records share them
ZEROS_AND_ONES = frozenset(("0", "1", "0.0", "1.0"))


def check_options(table: Table, source: Source) -> None:
    """Raises UsageError where an option names a column that the table does not have, or two contradict one another."""
    for option in ("target", "categorical", "numeric", "drop", "group", "time", "weight"):
        value = getattr(source, option)
        for name in (value,) if isinstance(value, str) and value else value:
            if name not in table.columns:
                near = nearest(name, table.columns)
                key = "table.no_column.near" if near else "table.no_column"
                if name in getattr(getattr(source.frame, "index", None), "names", ()):
                    key = "table.no_column.index"
                values = {"path": table.name, "near": listed([near] if near else []), "known": listed(table.columns)}
                raise UsageError(key, option=option, name=cut(name), **values)
    options: dict[str, str] = {}  # by the column that they name
    for option in ("target", "categorical", "numeric", "drop"):
        for name in getattr(source, option):
            other = options.setdefault(name, option)
            if other != option:
                raise UsageError("table.contradiction", name=name, first=other, second=option)
    if source.weight and (other := options.get(source.weight, "drop")) != "drop":
        raise UsageError("table.contradiction", name=source.weight, first=other, second="weight")
    for name in (*source.target, source.group, source.time, source.weight):
        if name in table.unread:
            raise UsageError("table.nested", name=name, found=cut(table.unread[name]))


def infer_schema(table: Table, source: Source, profiles: Mapping[str, Profile], signs: Signs) -> Schema:
    """Of all columns but the targets, as their values show them or as the source's options say.

    Raises:
        DataError: a target or columns that cannot be used. UsageError: an option that the values contradict.

    Warns:
        Suspicious: classes that look alike, that are spelled in several ways, or that are words which stand
            for a missing value elsewhere.
    """
    if len(source.target) == 1 and source.task_of_target != "regression":
        take_class_words(source.target[0], profiles[source.target[0]], table.missing)
    task = _task(source, profiles)
    columns = infer_columns(table, source, profiles)
    classes: tuple[str, ...] = ()
    if task == "classification":
        texts, spellings = merged(profiles[source.target[0]].values or ())
        if len(texts) < 2:
            raise DataError("target.one", name=source.target[0], found=texts[0])
        tell_spellings(source.target[0], spellings)
        classes = sorted_levels(texts)
        if source.ordered:
            classes = _in_order(source, classes)
    labels = _labels(source, profiles) if task == "multilabel" else ()
    folded = Counter(map(folded_name, classes))
    ambiguous = [name for name in classes if folded[folded_name(name)] > 1]
    if ambiguous:
        warn_user(say("target.alike", name=source.target[0], classes=", ".join(ambiguous[:6])))
    numbers = task == "regression"
    for name in source.target if numbers else ():
        for note in unit_notes(name, profiles[name], ".target"):
            warn_user(note)
    from_zero = not numbers or source.task == "counts" or source.target_scale in ("log", "auto")
    origins = () if from_zero else tuple(origin(profiles[name]) for name in source.target)
    units = tuple(profiles[name].numbers.unit for name in source.target) if numbers else ()
    schema = Schema(
        columns,
        source.target,
        classes,
        origins if any(origins) else (),
        units if any(units) else (),
        signs.shown,
        table.separator,
        table.missing,
        labels,
        counts=source.task == "counts",
        quantiles=source.quantiles,
        ordered=bool(source.ordered),
    )
    if not schema.used:
        reasons = ", ".join(f"{c.name}: {say(f'schema.dropped.{c.reason}')}" for c in columns[:5])
        raise DataError("table.no_features", path=table.name, reasons=reasons or "–")
    return schema


def _labels(source: Source, profiles: Mapping[str, Profile]) -> tuple[tuple[str, str], ...]:
    """How each target spells no and yes."""
    pairs = []
    for name in source.target:
        texts, spellings = merged(profiles[name].values or ())
        tell_spellings(name, spellings)
        no, yes = sorted(texts, key=lambda text: text.lower() in TRUE)
        pairs.append((no, yes))
    return tuple(pairs)


def settle_dates(profiles: Mapping[str, Profile], source: Source, warn: bool = True) -> None:
    """Decide for all columns whether the day or the month comes first in their dates; where `warn`, say so.

    Raises:
        UsageError: the source asks for an order that a column contradicts.

    Warns:
        Suspicious: nothing decides it; or values of a column of dates are none.
    """
    named = {*source.drop, *source.categorical, *source.numeric, *source.target}
    evidence = {name: profile.dates for name, profile in profiles.items() if name not in named}
    guessed = order.settle(evidence, source.date_order)
    if not warn:
        return
    used = {name: dates for name, dates in evidence.items() if _kind_without_options(profiles[name]) == "date"}
    order.tell_guessed(used, [name for name in guessed if name in used])
    for name, dates in used.items():
        if dates.unread:
            order.tell_unread(name, dates)
        order.tell_zones(name, dates)
        order.tell_weeks(name, dates)
        order.tell_days_as_years(name, dates, profiles[name].values or ())
        order.tell_years(name, dates)


def _kind_without_options(profile: Profile) -> str:
    return next((kind for kind, module in KINDS.items() if module.matches(profile)), "dropped")


def infer_columns(table: Table, source: Source, profiles: Mapping[str, Profile]) -> tuple[Column, ...]:
    """The columns that are no targets.

    Raises:
        UsageError: an option that the values contradict.

    Warns:
        Suspicious: a column is not used, because it mixes numbers and texts; a word in a column of categories is taken
            as missing that could be one.
    """
    for name in source.categorical:
        if not profiles[name].numeric:  # asked to be levels, its words are levels too
            profiles[name].take_words(frozenset(profiles[name].words) - set(table.missing))
    columns = tuple(_column(name, profiles[name], source) for name in table.columns if name not in source.target)
    categories = [column.name for column in columns if column.kind == "categorical"]
    tell_level_words(profiles, [name for name in categories if name not in source.categorical], table.missing)
    return columns


def _column(name: str, profile: Profile, source: Source) -> Column:
    if reason := dropped.reason(name, profile, source):
        if reason in ("mixed", "identifier", "levels"):
            for note in digits_note(name, profile, reason) or number_notes(name, profile, reason):
                warn_user(note)
        if reason in ("identifier", "levels") and _shared(name, profile, source):
            warn_user(say("advice.group", name=name))
        unit = profile.numbers.unit if reason == WEIGHT else ""
        return Column(name, "dropped", reason=reason, unit=unit)
    kind = _kind(name, profile, source)
    if name not in source.categorical:
        digits = [] if name in source.numeric or kind == "date" else digits_note(name, profile, kind)
        for note in digits or number_notes(name, profile, kind):
            warn_user(note)
        if kind == "categorical" and profile.dates.resembles:
            order.tell_mostly(name, profile.dates)
    return Column(name, kind, **KINDS[kind].fields(profile))


def _shared(name: str, profile: Profile, source: Source) -> bool:
    """Whether several records have the same id, and nothing keeps them together."""
    together = source.group or source.time or source.test_file or not source.target
    return (
        not together and names_owner(name) and not profile.all_differ and profile.distinct <= SHARED * profile.present
    )


def _kind(name: str, profile: Profile, source: Source) -> str:
    if name in source.categorical:
        if profile.values is None:
            raise UsageError("table.levels", name=name, most=f"{MOST_LEVELS:,}")
        return "categorical"
    if name in source.numeric:
        if not (profile.all_numbers or profile.durations.all):
            key, values = no_numbers(name, profile)
            raise UsageError(key, **values)
        return "numeric"
    return _kind_without_options(profile)


def _task(source: Source, profiles: Mapping[str, Profile]) -> str:
    """`"classification"`, `"regression"` or `"multilabel"`, as the targets' values show or as the source says.

    Raises:
        DataError: a target without values, with one value, of too many classes. UsageError: it contradicts the task.

    Warns:
        Suspicious: several targets of zeros and ones, which could be numbers as well, are labels.
    """
    asked = source.task_of_target
    for name in source.target:
        profile = profiles[name]
        if not profile.present:
            raise DataError("target.missing", name=name)
        if profile.distinct < 2:
            raise DataError("target.one", name=name, found=next(iter(profile.values or (profile.first[0],))))
    if asked == "multilabel" and len(source.target) < 2:
        raise UsageError("target.labels.one", name=source.target[0])
    unlike = [name for name in source.target if not yes_or_no(profiles[name].values or ())]
    if asked == "multilabel" and unlike:
        found = sorted(profiles[unlike[0]].values or (profiles[unlike[0]].first[0],))
        raise UsageError("target.labels", name=unlike[0], found=listed(found))
    if len(source.target) > 1 and asked in ("", "multilabel") and not unlike:
        if not asked and all((profiles[name].values or set()) <= ZEROS_AND_ONES for name in source.target):
            warn_user(say("target.labels.numbers", names=listed(source.target)))
        return "multilabel"
    if len(source.target) > 1 or asked == "regression":
        if asked == "classification":
            raise UsageError("target.several", names=", ".join(source.target))
        for name in source.target:
            if not (profiles[name].all_numbers or profiles[name].durations.all):
                text, record = profiles[name].unlike or profiles[name].first
                raise UsageError("target.numbers", name=name, found=text[:30], record=f"{record + 1:,}")
            _check_range(name, profiles[name].numbers.range, source)
        return "regression"
    name = source.target[0]
    profile = profiles[name]
    few = profile.numbers.range.whole and profile.distinct <= FEW and profile.present >= OFTEN * profile.distinct
    if asked == "" and ((profile.numeric and not few) or profile.durations.matches):
        return "regression"
    if profile.mixed and (asked == "" or profile.distinct > MOST_LEVELS):
        key, values = no_numbers(name, profile)
        raise DataError(key, **values)
    if profile.distinct > MOST_LEVELS:
        raise DataError("target.classes", name=name, most=f"{MOST_LEVELS:,}")
    if profile.distinct > max(FEW, profile.present / 2):
        raise DataError("target.distinct", name=name, classes=f"{profile.distinct:,}", records=f"{profile.present:,}")
    return "classification"


def _check_range(name: str, numbers: Range, source: Source) -> None:
    """Raises UsageError where counts are negative, or numbers to be learned on a log scale are not above 0.

    Warns:
        Suspicious: counts have fractions.
    """
    if source.task == "counts" and numbers.low < 0:
        raise UsageError("target.counts", name=name, found=f"{numbers.low:g}")
    if source.task == "counts" and not (numbers.whole or source.weight):  # weighted ones are rates, of exposures
        warn_user(say("target.counts.fractions", name=name))
    if source.target_scale == "log" and numbers.low <= 0:
        raise UsageError("target.log", name=name, found=f"{numbers.low:g}")


def _in_order(source: Source, classes: tuple[str, ...]) -> tuple[str, ...]:
    """The classes in the order that was asked for.

    Raises:
        UsageError: the table has a class that was not named, or the other way round.
    """
    if unknown := [name for name in source.ordered if name not in classes]:
        raise UsageError("target.ordered", name=source.target[0], found=listed(unknown), known=listed(classes))
    if lacking := [name for name in classes if name not in source.ordered]:
        raise UsageError("target.ordered.lacking", name=source.target[0], found=listed(lacking))
    return source.ordered
