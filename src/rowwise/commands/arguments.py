"""All commands and their options → one parser. What each command does is in its own file."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from rowwise import __version__
from rowwise.commands.words import Parser, batches, listed, one_of, pair, positive, share, whole, widths
from rowwise.data.source import TASKS, Source
from rowwise.runs.settings import Settings
from rowwise.text import say

ENGINES = ("auto", "native", "whole_epoch", "keras")  # rowwise.engine.plan has them; asking it would import Keras
LARGEST_SEED = 2**32 - 1  # Keras's and NumPy's


def parser() -> Parser:
    """The parser; its result names the function to call in `run`, or holds the help to print in `usage`."""
    top = Parser(prog="rowwise", description=say("cli.help"))
    commands = top.add_subparsers(title=say("cli.commands"), metavar=say("cli.command"), parser_class=Parser)
    _train(_command(commands, "train", "train:train"))
    _evaluate(_command(commands, "evaluate", "evaluate:evaluate"))
    _predict(_command(commands, "predict", "predict:predict"))
    _explain(_command(commands, "explain", "explain:explain"))
    _data(_command(commands, "data"))
    _json_and_common(_command(commands, "engines", "engines:engines"))
    _bench(_command(commands, "bench", "bench:bench"))
    top.add_argument("--version", action="version", version=f"rowwise {__version__}", help=say("cli.help.version"))
    top.add_common()
    top.set_defaults(usage=top.format_help)
    return top


def _command(among: Any, name: str, run: str | None = None, help_key: str = "") -> Parser:
    words = say(f"cli.help.{help_key or name}")
    made: Parser = among.add_parser(name, help=words, description=words)
    made.set_defaults(run=run, usage=made.format_help)
    return made


def _train(train: Parser) -> None:
    # No defaults here: what was not given comes from `Settings`, or from the run that is resumed.
    usual = Settings()

    def option(name: str, metavar: str, kind: Any, default: object) -> None:
        key = f"cli.help.{name[2:].replace('-', '_')}"
        train.add_argument(name, metavar=metavar, type=kind, help=say(key, default=default))

    train.add_argument("data", nargs="?", metavar="DATA", help=say("cli.help.train.data"))
    option("--hidden", "100,30", widths, ",".join(map(str, usual.hidden)))
    option("--activation", "NAME", str, usual.activation)
    option("--dropout", "SHARE", share, usual.dropout)
    option("--epochs", "N", whole(1), usual.epochs)
    option("--batch-size", "N", whole(1), usual.batch_size)
    option("--learning-rate", "RATE", positive, usual.learning_rate)
    option("--validation", "SHARE", share, usual.validation)
    option("--seed", "N", whole(0, LARGEST_SEED), usual.seed)
    option("--class-weight", "KIND", one_of("none", "balanced"), usual.class_weight)
    option("--engine", "ENGINE", one_of(*ENGINES), ENGINES[0])
    _source(train)
    train.add_argument("--out", type=Path, metavar="DIR", help=say("cli.help.out"))
    train.add_argument("--resume", type=Path, metavar="DIR", help=say("cli.help.resume"))
    train.add_argument("--no-pictures", action="store_true", help=say("cli.help.no_pictures"))
    train.add_argument("--quiet", action="store_true", help=say("cli.help.quiet"))
    _json_and_common(train)


def _evaluate(evaluate: Parser) -> None:
    evaluate.add_argument("model", type=Path, metavar="MODEL", help=say("cli.help.model"))
    evaluate.add_argument("data", nargs="?", metavar="DATA", help=say("cli.help.evaluate.data"))
    evaluate.add_argument("--skip-bad", action="store_true", help=say("cli.help.skip_bad"))
    evaluate.add_argument("--html", type=Path, metavar="FILE", help=say("cli.help.html"))
    _json_and_common(evaluate)


def _predict(predict: Parser) -> None:
    predict.add_argument("model", type=Path, metavar="MODEL", help=say("cli.help.model"))
    predict.add_argument("files", nargs="+", type=Path, metavar="FILE", help=say("cli.help.files"))
    predict.add_argument("--skip-bad", action="store_true", help=say("cli.help.skip_bad"))
    predict.add_argument("--out", type=Path, metavar="FILE", help=say("cli.help.predict.out"))
    _json_and_common(predict)


def _explain(explain: Parser) -> None:
    # No defaults here: what was given is refused where it cannot matter.
    def option(name: str, metavar: str, kind: Any) -> None:
        words = say(f"explain.help.{name[2:].replace('-', '_')}")
        explain.add_argument(name, metavar=metavar, type=kind, help=words)

    explain.add_argument("data", nargs="?", metavar="MODEL|DATA", help=say("explain.help.what"))
    explain.add_argument("records", nargs="?", metavar="DATA", help=say("explain.help.data"))
    explain.add_argument("--hidden", metavar="100,30", type=widths, help=say("cli.help.hidden", default="100,30"))
    option("--batch-size", "N", batches)
    option("--convention", "NAME", one_of("keras", "torch", "columns", "all"))
    option("--format", "NAME", one_of("text", "html", "svg", "json", "png"))
    option("--trace", "R,U", pair)
    option("--layer", "NAME", str)
    option("--out", "FILE", Path)
    _source(explain)
    _json_and_common(explain)


def _data(data: Parser) -> None:
    kinds = data.add_subparsers(title=say("cli.commands"), metavar=say("cli.command"), parser_class=Parser)
    data.add_common()
    _json_and_common(_command(kinds, "list", "data:show_list", "data.list"))
    fetch = _command(kinds, "fetch", "data:fetch", "data.fetch")
    fetch.add_argument("data", metavar="NAME", help=say("cli.help.data.name"))
    _json_and_common(fetch)
    show = _command(kinds, "show", "data:show", "data.show")
    show.add_argument("data", metavar="DATA", help=say("cli.help.show.data"))
    show.add_argument("--out", type=Path, metavar="FILE", help=say("cli.help.sheet"))
    _source(show)
    _json_and_common(show)


def _source(command: Parser) -> None:
    """The options that say how data are read: the attributes of a Source. What was not given is None."""
    group = command.add_argument_group(say("cli.source"))

    def option(name: str, metavar: str, kind: Any, key: str = "", default: object = None, **more: Any) -> None:
        words = say(f"cli.help.{key or name[2:].replace('-', '_')}", default=default)
        group.add_argument(name, metavar=metavar, type=kind, help=words, **more)

    for name in ("--target", "--categorical", "--numeric", "--drop"):
        option(name, "NAMES", listed, action="extend")
    option("--task", "TASK", one_of(*TASKS))
    option("--group", "NAME", str)
    option("--time", "NAME", str)
    option("--test", "SHARE", share, default=Source.test)
    option("--split-seed", "N", whole(0, LARGEST_SEED), default=Source.seed)
    option("--separator", "SIGN", str)
    option("--encoding", "NAME", str)
    option("--size", "N|HxW", str)
    option("--colour", "KIND", one_of("grey", "colour"))
    group.add_argument("--skip-bad", action="store_true", default=None, help=say("cli.help.skip_bad"))
    option("--options", "FILE", Path)


def _bench(bench: Parser) -> None:
    from rowwise.benchmarks.command import add_arguments

    add_arguments(bench)
    bench.add_common()


def _json_and_common(command: Parser) -> None:
    command.add_argument("--json", action="store_true", help=say("cli.help.json"))
    command.add_common()
