"""click → commands whose help and errors come from the catalogue, in the current language, within 80 columns."""

from __future__ import annotations

import importlib
import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import click

from rowwise.errors import UsageError
from rowwise.terminal.argument_types import one_of
from rowwise.text import say
from rowwise.text.near import did_you_mean
from rowwise.text.terminal import WIDTH, wrap

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

WIDEST_LABEL = 22  # columns of what stands left in the help; a longer label gets a separate line


class Option(click.Option):
    """An option whose help is the catalogue's message `key`, filled with `values`, below the heading `heading`."""

    def __init__(
        self,
        name: str,
        key: str,
        metavar: str | None = None,
        *,
        values: Mapping[str, Any] | None = None,
        heading: str = "cli.options",
        **attributes: Any,
    ) -> None:
        super().__init__([*name.split("/")], metavar=metavar, **attributes)
        self.key, self.values, self.heading = key, dict(values or {}), heading

    def process_value(self, ctx: click.Context, value: Any) -> Any:
        for text in value if isinstance(value, list | tuple) else (value,):
            if isinstance(text, str) and text in _options(ctx):
                raise click.BadOptionUsage(self.opts[0], "", ctx)  # the value is missing: click took the next option
        return super().process_value(ctx, value)

    @property
    def label(self) -> str:
        """`--out DIR`."""
        return ", ".join(self.opts) + (f" {self.metavar}" if self.metavar else "")


class Argument(click.Argument):
    """An argument whose help is the catalogue's message `key`."""

    heading = "cli.arguments"

    def __init__(self, name: str, key: str, metavar: str, **attributes: Any) -> None:
        super().__init__([name], metavar=metavar, **attributes)
        self.key, self.values = key, dict[str, Any]()

    @property
    def label(self) -> str:
        """`DATA`."""
        return str(self.metavar)


def common(*, json: bool = False, quiet: bool = False) -> list[Option]:
    """The options of every command, last; `--json` and `--quiet` where a command has them."""
    options = [Option("--quiet", "cli.help.quiet", is_flag=True)] if quiet else []
    options += [Option("--json", "cli.help.json", is_flag=True)] if json else []
    language = Option("--lang", "cli.help.lang", "{en,ko}", type=one_of("en", "ko"), expose_value=False)
    return [*options, language, showing("-h/--help", "cli.help.help", lambda ctx: ctx.command.get_help(ctx))]


def showing(name: str, key: str, text: Callable[[click.Context], str]) -> Option:
    """An option that prints `text` and ends the command, whatever else was given."""

    def show(ctx: click.Context, option: click.Parameter, given: bool) -> None:
        if given:
            print(text(ctx), end="")
            ctx.exit()

    return Option(name, key, is_flag=True, is_eager=True, expose_value=False, callback=show)


class Command(click.Command):
    """A command; `key` is that of its description."""

    def __init__(
        self, name: str, key: str, params: Sequence[click.Parameter], run: Callable[..., int] | None = None
    ) -> None:
        settings = {"allow_extra_args": True}  # reported by `parse_args`, in our words
        super().__init__(name, params=[*params], callback=run, add_help_option=False, context_settings=settings)
        self.key = key

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        with _known_where(ctx):
            rest = super().parse_args(ctx, args)
        if rest:
            raise _wrong(ctx, "cli.usage.unknown", found=" ".join(rest), near="")
        return rest

    def get_help(self, ctx: click.Context) -> str:
        arguments = [_in_usage(param) for param in self.params if isinstance(param, Argument)]
        return _help(ctx.command_path, arguments, self.key, _sections(self.params))


class Group(click.Group):
    """A command with commands below it, whose modules are imported when they are called.

    Args:
        name: its own.
        key: of its description.
        places: name of a command → its `module:attribute`, and the key of its description.
        params: its options.
    """

    def __init__(
        self, name: str, key: str, places: Mapping[str, tuple[str, str]], params: Sequence[click.Parameter]
    ) -> None:
        super().__init__(
            name, params=[*params], callback=_without_command, add_help_option=False, invoke_without_command=True
        )
        self.key, self._places = key, places

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        with _known_where(ctx):
            return super().parse_args(ctx, args)

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(self._places)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in self._places:
            return None
        module, _, attribute = self._places[cmd_name][0].partition(":")
        command: click.Command = getattr(importlib.import_module(module), attribute)
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        name, places = args[0], self._places
        if name not in places:
            near, commands = did_you_mean(name, places), ", ".join(places)
            raise _wrong(ctx, "cli.usage.command", found=name, near=near, known=commands)
        return super().resolve_command(ctx, args)

    def get_help(self, ctx: click.Context) -> str:
        rows = [(name, say(key)) for name, (_, key) in self._places.items()]
        sections = [*_sections(self.params), (say("cli.commands"), rows)]
        return _help(ctx.command_path, [say("cli.command")], self.key, sections)


def _without_command() -> int:
    """`rowwise`, `rowwise data`: the help is shown as an error."""
    ctx = click.get_current_context()
    if ctx.invoked_subcommand is None:
        print(ctx.command.get_help(ctx), end="", file=sys.stderr)
        return UsageError.exit_code
    return 0


def call(group: Group, given: list[str]) -> int:
    """The exit code of the command that `given` names.

    Raises:
        UsageError: what click has against the arguments, in the catalogue's words. Others: as the command.
    """
    try:
        with group.make_context(group.name, list(given)) as ctx:
            code: int = group.invoke(ctx)
            return code
    except click.exceptions.Exit as done:
        return done.exit_code
    except click.UsageError as error:
        raise _in_words(error, given) from None


@contextmanager
def _known_where(ctx: click.Context) -> Iterator[None]:
    """click's parser does not always tell which command its error is about."""
    try:
        yield
    except click.UsageError as error:
        error.ctx = error.ctx or ctx
        raise


def _options(ctx: click.Context) -> list[str]:
    """`--out`, `--json`, …"""
    return [name for param in ctx.command.get_params(ctx) if isinstance(param, Option) for name in param.opts]


def _in_words(error: click.UsageError, given: list[str]) -> UsageError:
    """What click found wrong, in the current language."""
    ctx = error.ctx
    assert ctx is not None
    match error:
        case click.MissingParameter():
            return _wrong(ctx, "cli.usage.missing", name=_label(error.param))
        case click.NoSuchOption():
            near = did_you_mean(error.option_name, _options(ctx))
            return _wrong(ctx, "cli.usage.unknown", found=error.option_name, near=near)
        case click.BadOptionUsage():
            after = [text.partition("=")[2] for text in given if text.startswith(f"{error.option_name}=")]
            if after and _is_flag(ctx, error.option_name):
                return _wrong(ctx, "cli.usage.no_value", name=error.option_name, found=after[0])
            return _wrong(ctx, "cli.usage.value", name=error.option_name)
        case click.BadParameter():
            return _wrong(ctx, "cli.usage.argument", name=_label(error.param), message=error.message)
    return _wrong(ctx, "cli.usage.other", message=error.format_message().rstrip("."))


def _wrong(ctx: click.Context, key: str, **values: Any) -> UsageError:
    return UsageError("cli.usage", message=say(key, **values), command=ctx.command_path)


def _is_flag(ctx: click.Context, name: str) -> bool:
    return any(isinstance(p, Option) and name in p.opts and p.is_flag for p in ctx.command.get_params(ctx))


def _label(param: click.Parameter | None) -> str:
    return param.opts[0] if isinstance(param, Option) else str(param.metavar if param is not None else "")


# ---- help


def _in_usage(argument: Argument) -> str:
    shown = argument.label + (" …" if argument.nargs != 1 else "")
    return shown if argument.required else f"[{shown}]"


def _sections(params: Iterable[click.Parameter]) -> list[tuple[str, list[tuple[str, str]]]]:
    """(heading, rows of label and help), the arguments first."""
    sections: dict[str, list[tuple[str, str]]] = {"cli.arguments": [], "cli.options": []}
    for param in params:
        if isinstance(param, Option | Argument):
            sections.setdefault(param.heading, []).append((param.label, say(param.key, **param.values)))
    return [(say(heading), rows) for heading, rows in sections.items() if rows]


def _help(path: str, arguments: list[str], key: str, sections: list[tuple[str, list[tuple[str, str]]]]) -> str:
    from rich.cells import cell_len

    lines = [" ".join([say("cli.usage.prefix").rstrip(), path, *arguments, say("cli.usage.options")])]
    lines += ["", *wrap(say(key), WIDTH)]
    labels = [cell_len(label) for _, rows in sections for label, _ in rows]
    left = 4 + min(max(labels), WIDEST_LABEL)
    for heading, rows in sections:
        lines += ["", f"{heading}:"]
        for label, words in rows:
            first, *others = wrap(words, WIDTH - left)
            if 4 + cell_len(label) > left:
                lines.append(f"  {label}")
                others = [first, *others]
            else:
                lines.append(f"  {label}{' ' * (left - 2 - cell_len(label))}{first}")
            lines += [" " * left + line for line in others]
    return "\n".join(lines) + "\n"
