"""`rowwise engines` → which engines this installation has, which one `auto` takes, and what a step of one costs."""

from __future__ import annotations

from rowwise.commands.explain_engine import course, explained
from rowwise.cores import usable_cores
from rowwise.errors import UsageError
from rowwise.runs.record import SCHEMA
from rowwise.terminal.argument_types import whole
from rowwise.terminal.output import Output
from rowwise.terminal.parsing import Argument, Command, Option, common
from rowwise.text import say
from rowwise.text.terminal import WIDTH, wrap

INDENT = len("whole_epoch") + 2


def _engines(model: str | None, explain: bool, batch_size: int | None, json: bool) -> int:
    """Say what there is; 0.

    Raises:
        UsageError: an environment variable that names what is not there; options that say nothing together.
    """
    if explain:
        with Output(json) as output:
            text, about = explained(model, batch_size)
            output.result(text)
            output.json({"schema": SCHEMA, **about})
        return 0
    if model is not None or batch_size is not None:
        raise UsageError("engines.explain.only", found=model if model is not None else f"--batch-size {batch_size}")
    return _all_engines(json)


def _all_engines(json: bool) -> int:
    from rowwise.engine import native
    from rowwise.engine.native.bfloat16 import why_not
    from rowwise.engine.plan import without_a_model

    plan, sets = without_a_model(), native.instruction_sets()
    chosen, likeliest = native.chosen(), next(iter(native.plans_for(course())))
    about = {
        "native": say("engines.native", threads=likeliest.threads)
        if sets
        else say("engines.missing", cause=native.why_missing),
        "whole_epoch": say("engines.whole_epoch"),
        "keras": say("engines.keras"),
    }
    with Output(json) as output:
        for name, words in about.items():
            output.result(_entry(name, words))
        if sets:
            output.result(f"\n{say('engines.sets')}")
        for name, runs in sets:
            state = say("engines.chosen") if name == chosen else say("engines.runs") if runs else say("engines.not")
            output.result(_entry(name, state))
        if sets:
            mixed = why_not() or say("engines.bfloat16", isa=native.set_in_bfloat16())
            output.result("\n" + "\n".join(wrap(mixed)))
        output.result(f"\n{_entry('auto', f'{plan.engine}: {plan.reason}')}")
        output.json(
            {
                "schema": SCHEMA,
                "auto": plan.engine,
                "reason": plan.reason,
                "native": bool(sets),
                "why_missing": native.why_missing or None,
                "instruction_sets": [{"name": name, "runs": runs} for name, runs in sets],
                "chosen": chosen or None,
                "bfloat16": native.set_in_bfloat16() or None,
                "why_no_bfloat16": why_not() or None,
                "threads": likeliest.threads,
                "cores": usable_cores(),
            }
        )
    return 0


def _entry(name: str, words: str) -> str:
    first, *others = wrap(words, WIDTH - INDENT)
    return "\n".join([f"{name:<{INDENT}}{first}", *(" " * INDENT + line for line in others)])


command = Command(
    "engines",
    "cli.help.engines",
    [
        Argument("model", "engines.help.model", "MODEL", required=False),
        Option("--explain", "engines.help.explain", is_flag=True),
        Option("--batch-size", "engines.help.batch_size", "N", type=whole(1)),
        *common(json=True),
    ],
    _engines,
)
