"""`rowwise train` → a trained model, measured, drawn and saved as a run."""

from __future__ import annotations

import signal
from contextlib import ExitStack, contextmanager
from pathlib import Path
from tempfile import mkdtemp
from typing import TYPE_CHECKING, Any

from rowwise.commands.options import reading, settings, with_settings
from rowwise.errors import UsageError
from rowwise.runs.plan import plan_training
from rowwise.terminal.address_space import KERAS, check_addresses
from rowwise.terminal.argument_types import hosts as count_of_hosts
from rowwise.terminal.argument_types import one_of, whole
from rowwise.terminal.hosts import AUTO, Hosts, own_copy
from rowwise.terminal.output import Output
from rowwise.terminal.parsing import Argument, Command, Option, common
from rowwise.terminal.polars_stderr import hide_panics
from rowwise.terminal.signals import OVER, Ended
from rowwise.terminal.temporary import own_temporary_folder
from rowwise.text import say

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from rowwise.runs.plan import TrainingPlan
    from rowwise.terminal.signals import StopSignals

DIVERGED = 3  # exit code


def _train(
    data: str | None,
    engine: str | None,
    out: Path | None,
    resume: Path | None,
    no_pictures: bool,
    on_divergence: str | None,
    quiet: bool,
    json: bool,
    hosts: int | str | None,
    host_id: int | None,
    coordinator: str | None,
    **given: Any,
) -> int:
    """Train, measure, draw, save; 0, or 128 and the number of the signal that ended the training (after saving), or 3
    where it diverged (after saving the weights of the last good epoch).

    Raises:
        RowwiseError: options, data or places that cannot be used. KeyboardInterrupt: before there was
            anything to save, or a second time.
    """
    together = Hosts.of(hosts, host_id, coordinator)
    with own_temporary_folder(), ExitStack() as stack:
        if together is not None and together.follows:
            out, resume = Path(mkdtemp()) / "run", None if resume is None else own_copy(resume)
            quiet, json, no_pictures = True, False, True
        plan = plan_training(
            data, with_settings(given), resume
        )  # what can be refused is, before seconds go into importing Keras
        check_addresses(KERAS)
        if together is not None:
            if plan.source is not None and plan.source.folds:
                raise UsageError("hosts.one_model", what="--folds")
            stack.enter_context(together.joined())
            if together.follows:
                Output().tell(say("hosts.follows", host_id=together.host_id, hosts=together.count))
        return _trained(plan, quiet, json, engine, out, not no_pictures, on_divergence)


def _trained(
    plan: TrainingPlan,
    quiet: bool,
    json: bool,
    engine: str | None,
    out: Path | None,
    pictures: bool,
    on_divergence: str | None,
) -> int:
    # Later than the options, which --help prints.
    from rowwise.runs.training import train
    from rowwise.terminal.training_output import TrainingOutput

    with (
        Output(json, quiet) as output,
        ExitStack() as reading_data,
        TrainingOutput(output, quiet, reading_data.close) as said,
    ):
        reading_data.enter_context(hide_panics(plan.source is not None and plan.source.kind == "table"))
        more: dict[str, Any] = {"engine": engine or "auto", "on_divergence": on_divergence or "stop"}
        if plan.source is not None and plan.source.folds and not plan.source.fold:
            return _cross_validate(plan, output, said.signals, reading_data.close, out=out, **more)
        with _ended_by(said.signals):
            saved = train(plan, observer=said.observe, stop=said.signals.event, out=out, pictures=pictures, **more)
        said.saved(saved)
        assert saved.record is not None
        output.json(saved.record.to_dict())
    if said.signals.number:
        return OVER + said.signals.number
    return DIVERGED if saved.record.diverged else 0


@contextmanager
def _ended_by(signals: StopSignals) -> Iterator[None]:
    """What was stopped ends with the number of the signal."""
    try:
        yield
    except KeyboardInterrupt as ending:
        raise Ended(signals.number or signal.SIGINT, str(ending)) from ending


def _cross_validate(
    plan: TrainingPlan, output: Output, signals: StopSignals, loaded: Callable[[], object], **more: Any
) -> int:
    from rowwise.runs.cross_validation import cross_validate
    from rowwise.terminal.training_output import FoldsOutput

    assert plan.source is not None
    said = FoldsOutput(output, plan.source.folds, signals, loaded)
    with _ended_by(signals):
        together = cross_validate(plan, observer=said.observe, stop=signals.event, **more)
    output.result(str(together))
    output.tell(say("cli.folds.saved", path=together.path))
    output.json(together.to_dict())
    return 0


command = Command(
    "train",
    "cli.help.train",
    [
        Argument("data", "cli.help.train.data", "DATA", required=False),
        *settings(),
        Option("--folds", "cli.help.folds", "N", type=whole(2)),
        Option("--fold", "cli.help.fold", "K", type=whole(1)),
        Option("--out", "cli.help.out", "DIR", type=Path),
        Option("--resume", "cli.help.resume", "DIR", type=Path),
        Option("--hosts", "cli.help.hosts", "N", type=count_of_hosts(AUTO)),
        Option("--host-id", "cli.help.host_id", "I", type=whole(0)),
        Option("--coordinator", "cli.help.coordinator", "HOST:PORT"),
        Option("--on-divergence", "cli.help.on_divergence", "WHAT", type=one_of("stop", "continue")),
        Option("--no-pictures", "cli.help.no_pictures", is_flag=True),
        *reading(),
        *common(json=True, quiet=True),
    ],
    _train,
)
