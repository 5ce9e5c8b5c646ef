"""argparse → the same parser, speaking the catalogue's language and counting Korean letters as two columns."""

from __future__ import annotations

import argparse
import difflib
import re
from typing import TYPE_CHECKING, Any, NoReturn

from rowwise.errors import UsageError
from rowwise.text import say
from rowwise.text.terminal import wrap

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

# What argparse says of wrong usage → the message that says it here. The last one is for our own types' words.
_ERRORS = (
    (r"the following arguments are required: (?P<name>.+)", "cli.usage.missing"),
    (r"unrecognized arguments: (?P<found>.+)", "cli.usage.unknown"),
    (r"argument (?P<name>[^:]+): expected (?:one|at least one|\d+) arguments?", "cli.usage.value"),
    (r"argument (?P<name>[^:]+): ignored explicit argument '(?P<found>.*)'", "cli.usage.no_value"),
    (r"argument (?P<name>[^:]+): invalid choice: '(?P<found>.*?)'.*", "cli.usage.command"),
    (r"argument (?P<name>[^:]+): (?P<message>.+)", "cli.usage.argument"),
)


class Parser(argparse.ArgumentParser):
    """An `ArgumentParser` whose help is in the language in force and whose errors are `UsageError`s."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**{"formatter_class": Help, "allow_abbrev": False, "add_help": False, **options})
        self._negative_number_matcher = re.compile(r"^-\.?\d.*$")  # `-1,0` too is a value, not an option
        self._intermixed = False
        self._positionals.title, self._optionals.title = say("cli.arguments"), say("cli.options")

    def add_common(self) -> None:
        """The options of every command."""
        self.add_argument("--lang", metavar="{en,ko}", type=one_of("en", "ko"), help=say("cli.help.lang"))
        self.add_argument("-h", "--help", action="help", help=say("cli.help.help"))

    def parse_known_args(self, args: Any = None, namespace: Any = None) -> Any:
        if self._intermixed or self.commands():
            found, unknown = super().parse_known_args(args, namespace)
        else:  # options may stand anywhere among the arguments; argparse calls this method again for each
            self._intermixed = True
            try:
                found, unknown = super().parse_known_intermixed_args(args, namespace)
            finally:
                self._intermixed = False
        if self._intermixed:
            return found, unknown
        # A subcommand's parser hands what it does not know up to the first, which no longer knows the command.
        if unknown:
            self.error(f"unrecognized arguments: {' '.join(unknown)}")
        return found, unknown

    def error(self, message: str) -> NoReturn:
        key, values = "cli.usage.other", {"message": message}
        for pattern, name in _ERRORS:
            if match := re.fullmatch(pattern, message, re.DOTALL):
                key, values = name, match.groupdict()
                break
        if key == "cli.usage.unknown":
            values["near"] = _near(values["found"].split()[0].split("=")[0], self._option_string_actions)
        elif key == "cli.usage.command":
            values["near"] = _near(values["found"], self.commands())
            values["known"] = ", ".join(self.commands())
        raise UsageError("cli.usage", message=say(key, **values), command=self.prog)

    def commands(self) -> list[str]:
        """The names of the subcommands."""
        choices = [a.choices for a in self._actions if isinstance(a, argparse._SubParsersAction)]
        return [name for names in choices for name in names]


class Help(argparse.HelpFormatter):
    """Help that keeps to the terminal's width in Korean too, where argparse would count letters."""

    def add_usage(self, usage: Any, actions: Any, groups: Any, prefix: str | None = None) -> None:
        super().add_usage(usage, actions, groups, say("cli.usage.prefix") if prefix is None else prefix)

    def _split_lines(self, text: str, width: int) -> list[str]:
        return wrap(text, width)

    def _fill_text(self, text: str, width: int, indent: str) -> str:
        return "\n".join(indent + line for line in wrap(text, width - len(indent)))


def whole(least: int, most: int | None = None) -> Any:
    """A type for argparse: a whole number of at least `least` and, where that is given, at most `most`."""

    def read(text: str) -> int:
        try:
            number = int(text)
        except ValueError:
            number = least - 1
        if number < least:
            raise argparse.ArgumentTypeError(say("cli.value.whole", least=least, found=_short(text)))
        if most is not None and number > most:
            raise argparse.ArgumentTypeError(say("cli.value.most", most=most, found=_short(text)))
        return number

    return read


def share(text: str) -> float:
    """A type for argparse: a number of at least 0 and less than 1."""
    number = _number(text)
    if not 0 <= number < 1:
        raise argparse.ArgumentTypeError(say("cli.value.share", found=_short(text)))
    return number


def positive(text: str) -> float:
    """A type for argparse: a finite number greater than 0."""
    number = _number(text)
    if not 0 < number < float("inf"):
        raise argparse.ArgumentTypeError(say("cli.value.positive", found=_short(text)))
    return number


def widths(text: str) -> tuple[int, ...]:
    """A type for argparse: positive whole numbers separated by commas; none at all for an empty text."""
    if not text.strip():
        return ()
    try:
        units = tuple(int(part) for part in text.split(","))
    except ValueError:
        units = (0,)
    if min(units) < 1:
        raise argparse.ArgumentTypeError(say("cli.value.widths", found=_short(text)))
    return units


def listed(text: str) -> list[str]:
    """A type for argparse: names separated by commas."""
    return [name.strip() for name in text.split(",") if name.strip()]


def batches(text: str) -> tuple[int | None, ...]:
    """A type for argparse: numbers of records separated by commas, `none` among them."""
    try:
        sizes = tuple(None if part.strip().lower() == "none" else int(part) for part in text.split(","))
    except ValueError:
        sizes = (0,)
    if any(size is not None and size < 1 for size in sizes):
        raise argparse.ArgumentTypeError(say("explain.batches", found=_short(text)))
    return tuple(dict.fromkeys(sizes))


def pair(text: str) -> tuple[int, int]:
    """A type for argparse: two whole numbers separated by a comma; which there are is known where they are used."""
    parts = [part.strip() for part in text.split(",")]
    if len(parts) != 2 or not all(part.removeprefix("-").isdecimal() for part in parts):
        raise argparse.ArgumentTypeError(say("explain.pair", found=_short(text)))
    return int(parts[0]), int(parts[1])


def one_of(*known: str) -> Any:
    """A type for argparse: one of these words."""

    def read(text: str) -> str:
        if text not in known:
            raise argparse.ArgumentTypeError(say("cli.value.choice", known=", ".join(known), found=_short(text)))
        return text

    return read


def _number(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        return float("nan")


def _short(text: str) -> str:
    return text if len(text) <= 40 else f"{text[:37]}…"


def _near(word: str, known: Iterable[str]) -> str:
    """` Did you mean train?`, or nothing."""
    found: Sequence[str] = difflib.get_close_matches(word, list(known), 1, 0.6)
    return " " + say("cli.usage.near", near=found[0]) if found else ""
