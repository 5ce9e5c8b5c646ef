"""`rowwise engines` → which engines this installation has, and which one `auto` takes."""

from __future__ import annotations

from rowwise.cores import usable_cores
from rowwise.runs.record import SCHEMA
from rowwise.terminal.output import Output
from rowwise.terminal.parsing import Command, common
from rowwise.text import say
from rowwise.text.terminal import WIDTH, wrap

COURSE = 784 * 100 + 100 * 30 + 30 * 10  # multiply-adds of a record forward
BATCH = 32
INDENT = len("whole_epoch") + 2


def _engines(json: bool) -> int:
    """Say what there is; 0.

    Raises:
        UsageError: an environment variable that names what is not there.
    """
    from rowwise.engine import native
    from rowwise.engine.plan import without_a_model

    plan, sets = without_a_model(), native.instruction_sets()
    chosen, threads = native.chosen(), native.threads_for(COURSE * BATCH)
    about = {
        "native": say("engines.native", threads=threads) if sets else say("engines.missing", cause=native.why_missing),
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
                "threads": threads,
                "cores": usable_cores(),
            }
        )
    return 0


def _entry(name: str, words: str) -> str:
    first, *others = wrap(words, WIDTH - INDENT)
    return "\n".join([f"{name:<{INDENT}}{first}", *(" " * INDENT + line for line in others)])


command = Command("engines", "cli.help.engines", common(json=True), _engines)
