"""The first network of an ensemble, trained → the others trained as it was, and the model that is their mean."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from rowwise.runs.record import Member

if TYPE_CHECKING:
    import keras

    from rowwise.engine.best_epoch import BestEpoch
    from rowwise.runs.model_training import Job


def with_others(job: Job, first: keras.Model, batch_size: int) -> tuple[keras.Model, tuple[Member, ...]]:
    """The mean of `first` and of `ensemble - 1` more networks, and what those came to; `first` stays as it is.

    They hold out the same records, stop and keep their best epoch as it did, and differ in their seed: initial weights,
    dropout and order of the records. The features are made once for all, and each network is trained by one core.

    Raises:
        KeyboardInterrupt: it was stopped before all were trained.
    """
    from rowwise.data.class_weights import balanced
    from rowwise.engine.arrays import Arrays
    from rowwise.engine.best_epoch import MONITOR, BestEpoch
    from rowwise.engine.records import prepare_records
    from rowwise.engine.request import Request
    from rowwise.engine.sweep import sweep
    from rowwise.models.dense import network
    from rowwise.models.ensemble import averaged, fixed_part

    settings, data = job.settings, job.train
    prepared = prepare_records([first], Request(x=data, validation=settings.validation or None))
    parts = prepared.parts(prepared.held_out(first, settings.seed))
    train, held_out = parts.train, parts.validation
    assert isinstance(train, Arrays)
    assert isinstance(held_out, Arrays | None)
    _, features_of = fixed_part(first)
    features = features_of(train.x)
    validation = None if held_out is None else held_out._replace(x=features_of(held_out.x)).parts
    layers = settings.hidden, settings.activation, settings.dropout, settings.learning_rate

    def build(seed: int) -> keras.Model:
        return network(data, features.shape[1], *layers, seed)

    best: dict[int, BestEpoch] = {}

    def callbacks(seed: int) -> list[BestEpoch]:
        if not settings.patience:
            return []
        best[seed] = BestEpoch(settings.patience)
        return [best[seed]]

    fitted = sweep(
        build,
        (features, train.y),
        _seeds(settings.seed, settings.ensemble - 1),
        epochs=settings.epochs,
        batch_size=batch_size,
        validation=validation,
        sample_weight=train.weights,
        class_weight=balanced(data) if settings.class_weight == "balanced" else None,
        engine=job.engine,
        stop=job.stop,
        on_divergence=job.on_divergence,
        callbacks=callbacks,
    )
    networks, members = [], []
    for one in fitted:
        losses, kept = one.history.history.get(MONITOR, ()), best.get(one.seed)
        if kept is not None:
            kept.restore(one.model)
        epoch = kept.epoch if kept is not None else 0
        loss = float(losses[epoch - 1]) if losses else None
        members.append(Member(one.seed, len(one.history.epoch), epoch, loss))
        if epoch or not one.history.rowwise.get("diverged"):
            networks.append(one.model)
    of_first = build(settings.seed)
    of_first.set_weights([weights for layer in first.layers for weights in layer.get_weights()])
    return averaged(first, [of_first, *networks]), tuple(members)


def _seeds(seed: int, count: int) -> list[int]:
    """Of the other networks: no other run has the same ones by chance, as `seed + 1` would."""
    return [int(np.random.SeedSequence([seed, number]).generate_state(1)[0]) for number in range(1, count + 1)]
