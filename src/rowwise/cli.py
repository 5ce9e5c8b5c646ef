"""The command line → arguments checked, one command called, errors in one line. The work is in `commands`."""

from __future__ import annotations

import argparse
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

from rowwise import __version__
from rowwise.errors import RowwiseError, UsageError
from rowwise.text import LANGUAGES, say, use_language

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

INTERRUPTED = 130  # what a shell expects after Ctrl-C


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        raise UsageError("cli.usage", message=message, command=self.prog)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; its exit code: 0 done, 1 failed, 2 wrong usage or input, 130 interrupted."""
    given = list(sys.argv[1:] if arguments is None else arguments)
    with use_language(_language(given)):
        try:
            options = parser().parse_args(given)
            from rowwise import commands

            run: Callable[[argparse.Namespace], int] = getattr(commands, options.run)
            return run(options)
        except RowwiseError as error:
            print(f"rowwise: {error}", file=sys.stderr)
            return error.exit_code
        except KeyboardInterrupt:
            print(f"\nrowwise: {say('cli.interrupted')}", file=sys.stderr)
            return INTERRUPTED
        except BrokenPipeError:  # `rowwise … | head`: nobody reads on
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            return 0
        except MemoryError:
            print(f"rowwise: {say('cli.memory')}", file=sys.stderr)
            return 1


def parser() -> argparse.ArgumentParser:
    """All commands and their options."""
    top = _Parser(prog="rowwise", description=say("cli.help"), allow_abbrev=False)
    top.add_argument("--version", action="version", version=f"rowwise {__version__}")
    common = argparse.ArgumentParser(add_help=False)
    common.add_argument("--lang", choices=LANGUAGES, help=say("cli.help.lang"))
    json = argparse.ArgumentParser(add_help=False)
    json.add_argument("--json", action="store_true", help=say("cli.help.json"))
    commands = top.add_subparsers(metavar=say("cli.command"), required=True)

    def command(name: str, under: Any = commands, json_too: bool = True, run: str = "") -> argparse.ArgumentParser:
        key = f"cli.help.{run or name}"
        made: argparse.ArgumentParser = under.add_parser(
            name,
            help=say(key),
            description=say(key),
            parents=[common, *([json] if json_too else [])],
            allow_abbrev=False,
        )
        made.set_defaults(run=run or name)
        return made

    train = command("train")
    train.add_argument("data", nargs="?", metavar="DATA", help=say("cli.help.data"))
    train.add_argument("--hidden", type=_widths, default=(100, 30), metavar="100,30", help=say("cli.help.hidden"))
    train.add_argument("--activation", default="relu", help=say("cli.help.activation"))
    train.add_argument("--dropout", type=float, default=0.0, help=say("cli.help.dropout"))
    train.add_argument("--epochs", type=int, default=20, help=say("cli.help.epochs"))
    train.add_argument("--batch-size", type=int, default=32, help=say("cli.help.batch_size"))
    train.add_argument("--learning-rate", type=float, default=0.001, help=say("cli.help.learning_rate"))
    train.add_argument("--validation", type=float, default=0.1, help=say("cli.help.validation"))
    train.add_argument("--seed", type=int, default=0, help=say("cli.help.seed"))
    train.add_argument("--engine", default="auto", help=say("cli.help.engine"))
    train.add_argument("--out", type=Path, metavar="DIR", help=say("cli.help.out"))
    train.add_argument("--resume", type=Path, metavar="DIR", help=say("cli.help.resume"))
    train.add_argument("--quiet", action="store_true", help=say("cli.help.quiet"))

    evaluate = command("evaluate")
    evaluate.add_argument("model", type=Path, metavar="MODEL", help=say("cli.help.model"))
    evaluate.add_argument("data", nargs="?", metavar="DATA", help=say("cli.help.evaluate.data"))

    predict = command("predict")
    predict.add_argument("model", type=Path, metavar="MODEL", help=say("cli.help.model"))
    predict.add_argument("files", nargs="+", type=Path, metavar="FILE", help=say("cli.help.files"))

    data = command("data", json_too=False)
    kinds = data.add_subparsers(metavar=say("cli.command"), required=True)
    command("list", kinds, run="data_list")
    fetch = command("fetch", kinds, run="data_fetch")
    fetch.add_argument("data", metavar="NAME", help=say("cli.help.data"))
    show = command("show", kinds, run="data_show")
    show.add_argument("data", metavar="DATA", help=say("cli.help.data"))
    show.add_argument("--out", type=Path, metavar="FILE", help=say("cli.help.sheet"))

    from rowwise.benchmarks.command import add_arguments

    add_arguments(command("bench", json_too=False))
    return top


def _widths(text: str) -> tuple[int, ...]:
    try:
        return tuple(int(part) for part in text.split(",") if part.strip())
    except ValueError:
        raise argparse.ArgumentTypeError(say("cli.hidden", found=text)) from None


def _language(given: list[str]) -> str | None:
    """`--lang` before argparse runs, so that its own messages are in that language too."""
    for place, word in enumerate(given):
        wish = word.removeprefix("--lang=") if word.startswith("--lang=") else ""
        if word == "--lang" and place + 1 < len(given):
            wish = given[place + 1]
        if wish in LANGUAGES:
            return wish
    return None
