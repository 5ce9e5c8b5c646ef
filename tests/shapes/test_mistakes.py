"""25 mistakes that people report: what Keras says, and that rowwise names the cause and the mend.

`python tests/shapes/test_mistakes.py` rewrites docs/en/mistakes.md and docs/ko/mistakes.md.
"""

import os
import re
import warnings
from dataclasses import dataclass
from functools import cache
from importlib.metadata import version
from pathlib import Path

os.environ.setdefault("KERAS_BACKEND", "jax")

import keras
import numpy as np
import pytest

from rowwise.errors import DataError, ModelError, RowwiseError, ShapeError, Suspicious
from rowwise.shapes.checks.check import check
from rowwise.shapes.checks.explained import explained
from rowwise.text import use_language

DOCS = Path(__file__).parents[2] / "docs"
TRACKERS = "https://github.com/{0}/issues/{1}"
SPARSE, ONE_HOT = "sparse_categorical_crossentropy", "categorical_crossentropy"
MOST = 200  # letters of Keras's message in the table


def net(shape, *layers, units=10, activation="softmax", loss=SPARSE):
    """A small compiled model: `layers`, then Dense(units); names as in the course."""
    layers = layers or (keras.layers.Dense(4, "relu", name="hidden_1"),)
    last = keras.layers.Dense(units, activation=activation, name="classes")
    model = keras.Sequential([keras.Input(shape, name="records"), *layers, last], name="dense")
    if loss is not None:
        model.compile("sgd", loss, run_eagerly=True)  # eager: quicker for one step, the same messages
    return model


def images(*layers, shape=(28, 28), **options):
    return net(shape, *layers, keras.layers.Flatten(name="flatten"), **options)


def convolution(shape):
    return images(keras.layers.Conv2D(2, 3, name="conv"), shape=shape)


def numbers(*shape):
    return np.random.default_rng(0).random(shape, "float32")


def classes(n=32, least=0, most=9):
    return np.arange(n) % (most - least + 1) + least


def one_hot(n=32, units=10):
    return np.eye(units, dtype="float32")[classes(n, 0, units - 1)]


def pixels(*shape):
    return np.random.default_rng(0).integers(0, 256, shape).astype("uint8")


def with_nan():
    x = numbers(32, 20)
    x[3, 2] = np.nan
    return x


def table():
    """Numbers as pandas gives them from columns of mixed types."""
    return numbers(32, 20).astype(object)


def evaluated(code, **values):
    return eval(code, {"np": np, "keras": keras, **values})


@dataclass(frozen=True)
class Fix:
    """One mend that a message advises, as code that stands in it in any language.

    Attributes:
        x, y: what to pass in their place.
        pair: what to pass for both.
        do: statements that change x, y or the model.
        begin: what the model begins with; input and first layer, or a layer.
        last: the last layer.
        activation: that of the last layer.
        loss: what to compile with.
        drop: the layer to leave out.
    """

    x: str = ""
    y: str = ""
    pair: str = ""
    do: str = ""
    begin: str = ""
    last: str = ""
    activation: str = ""
    loss: str = ""
    drop: str = ""

    def stands_in(self, message):
        named = ((self.activation, f"activation={self.activation}"), (self.loss, f"loss={self.loss}"))
        codes = [
            self.x,
            self.y,
            self.pair,
            self.do,
            self.begin,
            self.last,
            self.drop,
            *(code for part, code in named if part),
        ]
        return all(code in message for code in codes)

    def apply(self, model, data):
        """The model and what it is called with, mended; a model that need not be made anew is the same."""
        x, *y = data if isinstance(data, tuple) else (data,)
        values = {"x": x, "y": y[0] if y else None, "model": model}
        exec(self.do, {"np": np, "keras": keras}, values)
        if self.pair:
            values["x"], values["y"] = evaluated(self.pair, x_train=x, y_train=classes(len(x)))
        x = evaluated(self.x or "x", **values)
        if any((self.begin, self.last, self.activation, self.loss, self.drop)):
            model = self.built(model)
        return model, (x, evaluated(self.y or "y", **values)) if y else x

    def built(self, model):
        layers = [type(layer).from_config(layer.get_config()) for layer in model.layers]
        layers = [layer for layer in layers if type(layer).__name__ != self.drop]
        if self.activation:
            layers[-1].activation = keras.activations.get(evaluated(self.activation))
        if self.last:
            layers[-1] = evaluated(self.last)
        first = evaluated(self.begin) if self.begin else ()
        if isinstance(first, keras.Layer):
            first = (keras.Input(model.input_shape[1:]), first)
        made = keras.Sequential([*(first or (keras.Input(model.input_shape[1:]),)), *layers])
        made.compile("sgd", evaluated(self.loss) if self.loss else model.loss, run_eagerly=True)
        return made


@dataclass(frozen=True)
class Mistake:
    """`make()` gives the model and what it is called with: x for predict, (x, y) for fit.

    Attributes:
        said: what was done, in English and Korean.
        thread: (repository, number) of a report of this kind.
        error: what `check` raises, or Suspicious where it warns.
        cause: words of our message in English.
        fixes: the mends that it advises; at least one.
        fails: whether Keras raises anything.
    """

    said: tuple[str, str]
    thread: tuple[str, int]
    make: object
    error: type
    cause: str
    fixes: tuple[Fix, ...]
    fails: bool = True


KERAS, TENSORFLOW, TORCH = "keras-team/keras", "tensorflow/tensorflow", "pytorch/pytorch"

MISTAKES = {
    "transposed": Mistake(
        ("Features in rows, records in columns", "특성이 행, 레코드가 열"),
        (TENSORFLOW, 46076),
        lambda: (net((784,)), numbers(784, 32)),
        ShapeError,
        'Dense "hidden_1" expects 784 features per row; the data are (784, 32): rows are records',
        (Fix(x="x.T"),),
    ),
    "no records": Mistake(
        ("One image without the axis of records", "레코드 축이 없는 그림 하나"),
        (KERAS, 6351),
        lambda: (images(), numbers(28, 28)),
        ShapeError,
        "one record without the axis of records",
        (Fix(x="x[None]"),),
    ),
    "no channels": Mistake(
        ("Grey images without an axis of channels", "채널 축이 없는 회색 그림"),
        (KERAS, 10053),
        lambda: (convolution((28, 28, 3)), numbers(8, 28, 28)),
        ShapeError,
        "images without an axis of channels",
        (Fix(x="np.repeat(x[..., None], 3, axis=-1)"),),
    ),
    "channels first": Mistake(
        ("Channels first for a model that takes them last", "채널이 맨 뒤여야 하는데 앞에 있음"),
        (KERAS, 4546),
        lambda: (convolution((28, 28, 3)), numbers(8, 3, 28, 28)),
        ShapeError,
        "the channels come first, and this model takes them last",
        (Fix(x="np.moveaxis(x, 1, -1)"),),
    ),
    "not flat": Mistake(
        ("Images for a model of rows", "행을 받는 모델에 그림을 그대로"),
        (KERAS, 13916),
        lambda: (net((784,)), (numbers(32, 28, 28), classes())),
        ShapeError,
        "images that are not flattened",
        (Fix(x="x.reshape(len(x), -1)"), Fix(begin="keras.Input((28, 28)), keras.layers.Flatten()")),
    ),
    "flat": Mistake(
        ("Flattened images for a model that flattens them itself", "스스로 펼치는 모델에 펼친 그림"),
        (KERAS, 8067),
        lambda: (images(), (numbers(32, 784), classes())),
        ShapeError,
        "images flattened to rows of 784 numbers",
        (Fix(x="x.reshape(-1, 28, 28)"),),
    ),
    "one-hot": Mistake(
        ("One-hot labels for the integer loss", "정수 손실에 원-핫 레이블"),
        (KERAS, 7303),
        lambda: (net((20,)), (numbers(32, 20), one_hot())),
        ShapeError,
        "The labels are one-hot rows, (32, 10), but the loss sparse_categorical_crossentropy takes class numbers",
        (Fix(y="y.argmax(axis=1)"), Fix(loss='"categorical_crossentropy"')),
    ),
    "integers": Mistake(
        ("Class numbers for the one-hot loss", "원-핫 손실에 클래스 번호"),
        (KERAS, 193),
        lambda: (net((20,), loss=ONE_HOT), (numbers(32, 20), classes())),
        ShapeError,
        "The labels are class numbers, (32,), but the loss categorical_crossentropy takes one-hot rows",
        (Fix(y="keras.utils.to_categorical(y, 10)"), Fix(loss='"sparse_categorical_crossentropy"')),
    ),
    "too few units": Mistake(
        ("Fewer units than classes", "클래스보다 적은 유닛"),
        (TENSORFLOW, 54233),
        lambda: (net((20,), units=8), (numbers(32, 20), classes())),
        ShapeError,
        'Dense "classes" has 8 units, one a class, for labels 0 to 7; the labels go up to 9',
        (Fix(last='keras.layers.Dense(10, activation="softmax")'),),
        fails=False,
    ),
    "from one": Mistake(
        ("Classes numbered from 1", "1부터 센 클래스 번호"),
        (TORCH, 15666),
        lambda: (net((20,)), (numbers(32, 20), classes(32, 1, 10))),
        ShapeError,
        "but the labels run from 1 to 10: classes are counted from 0",
        (Fix(y="y - 1"),),
        fails=False,
    ),
    "negative": Mistake(
        ("A label of -1", "레이블 -1"),
        (TORCH, 1204),
        lambda: (net((20,)), (numbers(32, 20), classes(32, -1, 8))),
        ShapeError,
        "but the labels go down to -1: a class number is never negative",
        (
            Fix(do="keep = y >= 0; x, y = x[keep], y[keep]"),
            Fix(do="y = np.unique(y, return_inverse=True)[1]"),
        ),
        fails=False,
    ),
    "text labels": Mistake(
        ("Names as labels", "이름으로 된 레이블"),
        (TENSORFLOW, 28367),
        lambda: (net((20,)), (numbers(32, 20), np.array(["boot", "coat"] * 16))),
        DataError,
        "The labels are text, such as 'boot'",
        (Fix(do="names, y = np.unique(y, return_inverse=True)"),),
    ),
    "fractions": Mistake(
        ("Fractional labels for the integer loss", "정수 손실에 소수 레이블"),
        (TORCH, 103813),
        lambda: (net((20,)), (numbers(32, 20), numbers(32) * 9)),
        ShapeError,
        "The labels hold fractions such as",
        (Fix(y='y.round().astype("int32")'), Fix(last="keras.layers.Dense(1)", loss='"mse"')),
        fails=False,
    ),
    "logits": Mistake(
        ("No softmax at the end, from_logits=False", "마지막에 소프트맥스가 없고 from_logits=False"),
        (KERAS, 6587),
        lambda: (net((20,), activation=None), (numbers(32, 20), classes())),
        ModelError,
        'Dense "classes" ends with linear, but the loss sparse_categorical_crossentropy takes probabilities',
        (
            Fix(activation='"softmax"'),
            Fix(loss="keras.losses.SparseCategoricalCrossentropy(from_logits=True)"),
        ),
        fails=False,
    ),
    "twice": Mistake(
        ("Softmax at the end and from_logits=True", "마지막에 소프트맥스가 있고 from_logits=True"),
        (KERAS, 6143),
        lambda: (
            net((20,), loss=keras.losses.SparseCategoricalCrossentropy(from_logits=True)),
            (numbers(32, 20), classes()),
        ),
        ModelError,
        "applies it a second time",
        (Fix(loss='"sparse_categorical_crossentropy"'), Fix(activation="None")),
        fails=False,
    ),
    "one unit": Mistake(
        ("One sigmoid unit with a categorical loss", "시그모이드 유닛 하나에 범주형 손실"),
        (KERAS, 17029),
        lambda: (net((20,), units=1, activation="sigmoid", loss=ONE_HOT), (numbers(32, 20), classes(32, 0, 1))),
        ModelError,
        'Dense "classes" has one unit, but the loss categorical_crossentropy needs a unit for each class',
        (Fix(last='keras.layers.Dense(1, activation="sigmoid")', loss='"binary_crossentropy"'),),
        fails=False,
    ),
    "binary": Mistake(
        ("Ten softmax units with the binary loss", "소프트맥스 유닛 10개에 이진 손실"),
        (KERAS, 3396),
        lambda: (net((20,), loss="binary_crossentropy"), (numbers(32, 20), one_hot())),
        Suspicious,
        "the loss binary_crossentropy treats each unit as a yes or no of its own",
        (Fix(loss='"categorical_crossentropy"'), Fix(activation='"sigmoid"')),
        fails=False,
    ),
    "one softmax": Mistake(
        ("Softmax over one unit", "유닛 하나에 소프트맥스"),
        (KERAS, 18909),
        lambda: (net((20,), units=1, loss="binary_crossentropy"), (numbers(32, 20), classes(32, 0, 1))),
        ModelError,
        "has softmax over one unit, which is always 1",
        (Fix(last='keras.layers.Dense(1, activation="sigmoid")', loss='"binary_crossentropy"'),),
        fails=False,
    ),
    "counts": Mistake(
        ("Images of the training set, labels of the test set", "그림은 학습용, 레이블은 테스트용"),
        (TENSORFLOW, 47105),
        lambda: (net((20,)), (numbers(60, 20), classes(10))),
        DataError,
        "x is (60, 20) and y is (10,): every record needs one label",
        (Fix(pair="(x_train, y_train)"),),
    ),
    "unscaled": Mistake(
        ("Pixels of 0..255 that nothing scales", "줄이지 않은 0..255 픽셀"),
        (TENSORFLOW, 47526),
        lambda: (images(), (pixels(32, 28, 28), classes())),
        Suspicious,
        "The pixels go up to 255, and nothing in the model scales them before Dense",
        (Fix(x="x / 255"), Fix(begin="keras.layers.Rescaling(1 / 255)")),
        fails=False,
    ),
    "scaled twice": Mistake(
        ("Pixels of 0..1 for a model that divides by 255 itself", "스스로 255로 나누는 모델에 0..1 픽셀"),
        ("keras-team/keras-cv", 892),
        lambda: (images(keras.layers.Rescaling(1 / 255, name="rescaling")), numbers(32, 28, 28)),
        Suspicious,
        "The pixels lie in 0..1 already",
        (Fix(x="x * 255"), Fix(drop="Rescaling")),
        fails=False,
    ),
    "nan": Mistake(
        ("NaN among the features", "특성에 섞인 NaN"),
        (KERAS, 2134),
        lambda: (net((20,)), (with_nan(), classes())),
        DataError,
        "1 value is not finite: nan at x[3, 2]",
        (Fix(x="np.nan_to_num(x)"),),
        fails=False,
    ),
    "objects": Mistake(
        ("Numbers of dtype object", "dtype이 object인 숫자"),
        (KERAS, 14851),
        lambda: (net((20,)), (table(), classes())),
        DataError,
        "x holds numbers as Python objects (dtype object)",
        (Fix(x='x.astype("float32")'),),
    ),
    "not compiled": Mistake(
        ("A model that is not compiled", "컴파일하지 않은 모델"),
        (KERAS, 2372),
        lambda: (net((20,), loss=None), (numbers(32, 20), classes())),
        ModelError,
        'Model "dense" is not compiled',
        (Fix(do='model.compile(optimizer="adam", loss="sparse_categorical_crossentropy", metrics=["accuracy"])'),),
    ),
    "list": Mistake(
        ("A list of records in place of an array", "배열 대신 레코드의 리스트"),
        (KERAS, 4002),
        lambda: (net((20,)), (list(numbers(32, 20)), classes())),
        DataError,
        "x is a list of 32, and Keras takes a list for as many inputs",
        (Fix(x="np.stack(x)"),),
    ),
}


def called(model, data):
    """The loss of an epoch, or predictions."""
    if isinstance(data, tuple):
        return model.fit(*data, verbose=0).history["loss"][0]
    return model.predict(data, verbose=0)


def call_keras(model, data):
    """What Keras warns of."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        called(model, data)
    return caught


@cache
def keras_says(name):
    """The first line of Keras's own message that is no heading, shortened, or its warning; None for nothing."""
    try:
        caught = call_keras(*MISTAKES[name].make())
    except Exception as error:
        line, *more = [line for line in str(error).splitlines() if line.strip()]
        if line.startswith("Exception encountered") and more:  # only a heading
            line = more[0]
        line = re.sub(r"\x1b\[\d+m", "", line)  # Keras makes it bold
        line = re.sub(r"\w*Tracer[(<][^)>]*[)>]", "(a tracer)", line)  # JAX's own name for it changes
        return f"{type(error).__name__}: {line if len(line) <= MOST else f'{line[:MOST]}…'}"
    return f"{caught[0].category.__name__}: {caught[0].message}" if caught else None


def rowwise_says(name, lang="en"):
    """(class of the error or warning, its message)"""
    with use_language(lang), warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        try:
            check(*MISTAKES[name].make())
        except RowwiseError as error:
            return type(error), str(error)
    return (caught[0].category, str(caught[0].message)) if caught else (None, "")


def page(lang):
    """docs/{lang}/mistakes.md"""
    english = lang == "en"
    lines = [TEXT[lang].format(keras=version("keras")), ""]
    lines += [HEAD[lang], "|---|---|---|---|---|"]
    for number, (name, mistake) in enumerate(MISTAKES.items(), 1):
        repository, issue = mistake.thread
        kind, ours = rowwise_says(name, lang)
        theirs = keras_says(name)
        theirs = f"`` {theirs} ``" if theirs else ("nothing" if english else "아무 말 없음")
        cells = (
            str(number),
            f"{mistake.said[not english]} ([{repository}#{issue}]({TRACKERS.format(repository, issue)}))",
            theirs,
            f"`{kind.__name__}`",
            ours,
        )
        lines.append(f"| {' | '.join(cell.replace('|', chr(92) + '|').replace(chr(10), ' ') for cell in cells)} |")
    return "\n".join(lines) + "\n"


HEAD = {
    "en": "| | the mistake, and where it was reported | Keras | kind | rowwise |",
    "ko": "| | 실수와 보고된 곳 | Keras | 종류 | rowwise |",
}
TEXT = {
    "en": """# 25 mistakes, and what is said of them

Each is of a kind that people report; the link leads to one such report. The model, the data and the
call are in `tests/shapes/test_mistakes.py`, which also writes this page. The column Keras holds the
first line of the message of Keras {keras} (on JAX) below its heading, shortened. Where it is a warning,
Keras goes on all the same; **nothing** means that it trained or predicted without a word. The last column
is what `rowwise.shapes.check(model, data)` says. `rowwise.fit` makes the same checks, and warns and trains where Keras
trains without a word; `rowwise.predict` makes those of x, `rowwise.evaluate` those of x and of the labels as such; all
three make arrays of lists themselves.

What can only be a mistake is an error. What somebody may mean is a warning, `Suspicious`: whether a
model was trained on pixels of 0..255 or of 0..1 is not written in the model.

Around plain Keras, `with rowwise.explained():` says the same: where Keras fails, the explanation is raised from
Keras's error; where Keras goes on, it is a `Suspicious` warning before `fit`, `evaluate`, `predict` or a call
for one batch starts. What the messages advise is tried by the tests: each mend makes Keras train.""",
    "ko": """# 실수 25가지와 오류 메시지

모두 사람들이 실제로 겪고 보고한 종류의 실수이며, 링크를 따라가면 그런 보고를 하나씩 볼 수 있습니다.
모델과 데이터와 호출은 `tests/shapes/test_mistakes.py`에 있고 이 문서도 거기서 만듭니다. Keras 열은
JAX에서 실행한 Keras {keras} 메시지에서 제목을 뺀 첫 줄을 줄인 것입니다. 경고(Warning)라면 Keras는
경고만 하고 그대로 진행하며, **아무 말 없음**은 아무 표시 없이 학습하거나 예측했다는 뜻입니다. 마지막 열은
`rowwise.shapes.check(model, data)`의 메시지입니다. `rowwise.fit`에서도 똑같이 검사하되 Keras가 아무 말 없이 학습하는
경우라면 경고만 하고 학습합니다. `rowwise.predict`에서는 x만, `rowwise.evaluate`에서는 x와 레이블 자체를 검사합니다.
이 세 함수에 넘긴 리스트는 알아서 배열로 바뀝니다.

실수일 수밖에 없는 것은 오류이고, 일부러 그랬을 수도 있는 것은 `Suspicious` 경고입니다. 모델이 0..255
픽셀로 학습했는지 0..1 픽셀로 학습했는지는 모델에 적혀 있지 않기 때문입니다.

Keras를 직접 쓸 때도 `with rowwise.explained():` 안에서 호출하면 같은 설명을 볼 수 있습니다. Keras가 오류를 내면 그
오류에 이어 나오고, Keras가 그냥 진행하는 실수는 `fit`, `evaluate`, `predict`나 배치 하나를 처리하는 호출이
시작되기 전에 `Suspicious` 경고로 나옵니다. 메시지대로 고치면 정말 학습이 되는지는 테스트에서 하나하나 확인합니다.""",
}


def test_there_are_25_mistakes_each_with_its_own_report():
    assert len(MISTAKES) == 25
    assert len({mistake.thread for mistake in MISTAKES.values()}) == 25


@pytest.mark.parametrize("name", MISTAKES)
def test_check_names_the_cause_and_the_mend(name):
    mistake = MISTAKES[name]
    kind, message = rowwise_says(name)
    assert kind is mistake.error
    assert mistake.cause in message
    assert all(fix.stands_in(message) for fix in mistake.fixes)


@pytest.mark.parametrize("name", MISTAKES)
def test_check_says_it_in_korean_with_the_same_code(name):
    kind, message = rowwise_says(name, "ko")
    assert kind is MISTAKES[name].error
    assert any("가" <= letter <= "힣" for letter in message)
    assert all(fix.stands_in(message) for fix in MISTAKES[name].fixes)


@pytest.mark.parametrize("name", MISTAKES)
def test_what_is_advised_mends_it(name):
    """Each mend alone, as it is written: nothing is left to say, and Keras trains, or predicts."""
    for fix in MISTAKES[name].fixes:
        model, data = fix.apply(*MISTAKES[name].make())
        check(model, data)
        with explained():
            assert np.isfinite(called(model, data)).all()


LOGITS = keras.losses.CategoricalCrossentropy(from_logits=True)
NO_LAST = {"activation": None, "loss": LOGITS}
WIDER = 'keras.layers.Dense(12, activation="softmax")'
FOR_LABELS = {  # the labels, the end of the model, and each mend of what is said of them
    "wider one-hot rows": (one_hot(36, 12), {"loss": ONE_HOT}, (Fix(last=WIDER),)),
    "wider one-hot rows for logits": (one_hot(36, 12), NO_LAST, (Fix(last="keras.layers.Dense(12)"),)),
    "one-hot rows with columns never used": (
        np.eye(12)[classes(36)],
        {"loss": ONE_HOT},
        (Fix(last=WIDER), Fix(y="y[:, :10]")),
    ),
    "narrower one-hot rows": (
        one_hot(36, 7),
        {"loss": ONE_HOT},
        (Fix(last='keras.layers.Dense(7, activation="softmax")'), Fix(y="np.pad(y, ((0, 0), (0, 3)))")),
    ),
    "wider one-hot rows for the integer loss": (
        one_hot(36, 12),
        {},
        (Fix(last=WIDER, y="y.argmax(axis=1)"), Fix(last=WIDER, loss='"categorical_crossentropy"')),
    ),
    "wider shares for the integer loss": (
        np.full((36, 12), 1 / 12),
        {},
        (Fix(last=WIDER, y="y.argmax(axis=1)"), Fix(last=WIDER, loss='"categorical_crossentropy"')),
    ),
    "class numbers beyond the units for the one-hot loss": (
        classes(36, 0, 11),
        {"loss": ONE_HOT},
        (
            Fix(last=WIDER, y="keras.utils.to_categorical(y, 12)"),
            Fix(last=WIDER, loss='"sparse_categorical_crossentropy"'),
        ),
    ),
    "class numbers from 1 for the one-hot loss": (
        classes(36, 1, 10),
        {"loss": ONE_HOT},
        (
            Fix(y="keras.utils.to_categorical(y - 1, 10)"),
            Fix(y="y - 1", loss='"sparse_categorical_crossentropy"'),
        ),
    ),
    "class numbers for the one-hot loss of logits": (
        classes(36),
        NO_LAST,
        (
            Fix(y="keras.utils.to_categorical(y, 10)"),
            Fix(loss="keras.losses.SparseCategoricalCrossentropy(from_logits=True)"),
        ),
    ),
    "class numbers beyond the units for the binary loss": (
        classes(36, 0, 11),
        {"activation": "sigmoid", "loss": "binary_crossentropy"},
        (Fix(last=WIDER, loss='"sparse_categorical_crossentropy"'),),
    ),
    "class numbers for one unit": (
        classes(36, 0, 11),
        {"activation": "sigmoid", "units": 1},
        (Fix(last=WIDER, loss='"sparse_categorical_crossentropy"'),),
    ),
    "one-hot rows for one unit": (
        one_hot(36, 12),
        {"activation": "sigmoid", "units": 1, "loss": "binary_crossentropy"},
        (Fix(last=WIDER, loss='"categorical_crossentropy"'),),
    ),
    "quantities for one unit of a categorical loss": (
        numbers(36) * 9 - 3,
        {"activation": "sigmoid", "units": 1},
        (Fix(last="keras.layers.Dense(1)", loss='"mse"'),),
    ),
    "postcodes for the integer loss": (
        classes(36) * 1000 + 80_000,
        {},
        (Fix(do="y = np.unique(y, return_inverse=True)[1]"), Fix(last="keras.layers.Dense(1)", loss='"mse"')),
    ),
    "quantities for the one-hot loss": (
        numbers(36) * 9 - 3,
        {"loss": ONE_HOT},
        (Fix(last="keras.layers.Dense(1)", loss='"mse"'),),
    ),
    "columns for several yes or no": (
        numbers(36, 12),
        {"activation": "sigmoid", "loss": "binary_crossentropy"},
        (Fix(last='keras.layers.Dense(12, activation="sigmoid")'),),
    ),
    "several classes for the integer loss": (
        np.ones((36, 12)),
        {},
        (Fix(last='keras.layers.Dense(12, activation="sigmoid")', loss='"binary_crossentropy"'),),
    ),
}


@pytest.mark.parametrize("lang", ["en", "ko"])
@pytest.mark.parametrize("name", FOR_LABELS)
def test_what_is_advised_for_labels_mends_it(name, lang):
    y, end, fixes = FOR_LABELS[name]
    model, data = net((20,), **end), (numbers(36, 20), y)
    with use_language(lang), pytest.raises(RowwiseError) as caught:
        check(model, data)
    with use_language(lang):
        message = str(caught.value)
    for fix in fixes:
        assert fix.stands_in(message)
        mended, data_mended = fix.apply(model, data)
        check(mended, data_mended)
        assert np.isfinite(mended.train_on_batch(*data_mended))


@pytest.mark.parametrize("name", [name for name, mistake in MISTAKES.items() if not mistake.fails])
def test_what_keras_takes_without_a_word_is_warned_of_before_the_call(name):
    model, data = MISTAKES[name].make()
    calls = [lambda: model.predict(data, verbose=0)]
    if isinstance(data, tuple):
        calls = [lambda: model.train_on_batch(*data), lambda: model.evaluate(*data, verbose=0)]
    kind, message = rowwise_says(name)
    for call in calls:
        with warnings.catch_warnings(record=True) as caught, explained():
            warnings.simplefilter("always")
            call()
            call()
        ours = [warning for warning in caught if warning.category is Suspicious]
        assert [(str(warning.message), warning.filename) for warning in ours] == [(message, __file__)]
    assert issubclass(kind, RowwiseError | Suspicious)


@pytest.mark.parametrize("name", [name for name, mistake in MISTAKES.items() if mistake.fails])
def test_a_failing_call_of_keras_is_explained(name):
    mistake = MISTAKES[name]
    with pytest.raises(mistake.error) as caught, explained():
        call_keras(*mistake.make())
    assert mistake.cause in str(caught.value)
    assert all(fix.stands_in(str(caught.value)) for fix in mistake.fixes)
    assert keras_says(name).startswith(type(caught.value.__cause__).__name__)


@pytest.mark.slow
@pytest.mark.parametrize("name", MISTAKES)
def test_keras_itself_fails_or_says_nothing_as_the_page_tells(name):
    says = keras_says(name)
    assert (says is not None and "Warning: " not in says) == MISTAKES[name].fails


@pytest.mark.slow
@pytest.mark.parametrize("lang", ["en", "ko"])
def test_the_page_is_what_the_code_says(lang):
    text = (DOCS / lang / "mistakes.md").read_text("utf-8")
    if f"Keras {version('keras')}" not in text:
        pytest.skip("the page holds the messages of another release of Keras")
    assert text == page(lang)


if __name__ == "__main__":
    for language in ("en", "ko"):
        (DOCS / language).mkdir(parents=True, exist_ok=True)
        (DOCS / language / "mistakes.md").write_text(page(language), "utf-8")
