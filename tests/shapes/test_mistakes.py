"""25 mistakes that people report: what Keras says, and that rowwise names the cause and the mend.

`python tests/shapes/test_mistakes.py` writes docs/en/mistakes.md and docs/ko/mistakes.md anew.
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
from rowwise.shapes.check import check
from rowwise.shapes.explained import explained
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


@dataclass(frozen=True)
class Mistake:
    """`make()` gives the model and what it is called with: x for predict, (x, y) for fit.

    Attributes:
        said: what was done, in English and Korean.
        thread: (repository, number) of a report of this kind.
        error: what `check` raises, or Suspicious where it warns.
        cause, mend: words of our message in English.
        fails: whether Keras raises anything.
    """

    said: tuple[str, str]
    thread: tuple[str, int]
    make: object
    error: type
    cause: str
    mend: str
    fails: bool = True


KERAS, TENSORFLOW, TORCH = "keras-team/keras", "tensorflow/tensorflow", "pytorch/pytorch"

MISTAKES = {
    "transposed": Mistake(
        ("Features in rows, records in columns", "특성이 행, 레코드가 열"),
        (TENSORFLOW, 46076),
        lambda: (net((784,)), numbers(784, 32)),
        ShapeError,
        'Dense "hidden_1" expects 784 features per row; the data are (784, 32): rows are records',
        "Pass x.T, (32, 784)",
    ),
    "no records": Mistake(
        ("One image without the axis of records", "레코드 축이 없는 이미지 하나"),
        (KERAS, 6351),
        lambda: (images(), numbers(28, 28)),
        ShapeError,
        "one record without the axis of records",
        "Pass x[None], (1, 28, 28)",
    ),
    "no channels": Mistake(
        ("Grey images without an axis of channels", "채널 축이 없는 회색 이미지"),
        (KERAS, 10053),
        lambda: (convolution((28, 28, 3)), numbers(8, 28, 28)),
        ShapeError,
        "images without an axis of channels",
        "Pass np.repeat(x[..., None], 3, axis=-1), (8, 28, 28, 3)",
    ),
    "channels first": Mistake(
        ("Channels first for a model that takes them last", "채널이 맨 뒤여야 하는데 앞에 있음"),
        (KERAS, 4546),
        lambda: (convolution((28, 28, 3)), numbers(8, 3, 28, 28)),
        ShapeError,
        "the channels come first, and this model takes them last",
        "Pass np.moveaxis(x, 1, -1), (8, 28, 28, 3)",
    ),
    "not flat": Mistake(
        ("Images for a model of rows", "행을 받는 모델에 이미지를 그대로"),
        (KERAS, 13916),
        lambda: (net((784,)), (numbers(32, 28, 28), classes())),
        ShapeError,
        "images that are not flattened",
        "Pass x.reshape(len(x), -1), (32, 784)",
    ),
    "flat": Mistake(
        ("Flattened images for a model that flattens them itself", "스스로 펼치는 모델에 펼친 이미지"),
        (KERAS, 8067),
        lambda: (images(), (numbers(32, 784), classes())),
        ShapeError,
        "images flattened to rows of 784 numbers",
        "Pass x.reshape(-1, 28, 28), (32, 28, 28)",
    ),
    "one-hot": Mistake(
        ("One-hot labels for the integer loss", "정수 손실에 원-핫 레이블"),
        (KERAS, 7303),
        lambda: (net((20,)), (numbers(32, 20), one_hot())),
        ShapeError,
        "The labels are one-hot rows, (32, 10), but the loss sparse_categorical_crossentropy takes class numbers",
        "Pass y.argmax(axis=1)",
    ),
    "integers": Mistake(
        ("Class numbers for the one-hot loss", "원-핫 손실에 클래스 번호"),
        (KERAS, 193),
        lambda: (net((20,), loss=ONE_HOT), (numbers(32, 20), classes())),
        ShapeError,
        "The labels are class numbers, (32,), but the loss categorical_crossentropy takes one-hot rows",
        "Pass keras.utils.to_categorical(y, 10)",
    ),
    "too few units": Mistake(
        ("Fewer units than classes", "클래스보다 적은 유닛"),
        (TENSORFLOW, 54233),
        lambda: (net((20,), units=8), (numbers(32, 20), classes())),
        ShapeError,
        'Dense "classes" has 8 units, one a class, for labels 0 to 7; the labels go up to 9',
        "Give it 10 units",
        fails=False,
    ),
    "from one": Mistake(
        ("Classes numbered from 1", "1부터 센 클래스 번호"),
        (TORCH, 15666),
        lambda: (net((20,)), (numbers(32, 20), classes(32, 1, 10))),
        ShapeError,
        "but the labels run from 1 to 10: classes are counted from 0",
        "Pass y - 1",
        fails=False,
    ),
    "negative": Mistake(
        ("A label of -1", "레이블 -1"),
        (TORCH, 1204),
        lambda: (net((20,)), (numbers(32, 20), classes(32, -1, 8))),
        ShapeError,
        "but the labels go down to -1: a class number is never negative",
        "Leave those records out with y >= 0",
        fails=False,
    ),
    "text labels": Mistake(
        ("Names as labels", "이름으로 된 레이블"),
        (TENSORFLOW, 28367),
        lambda: (net((20,)), (numbers(32, 20), np.array(["boot", "coat"] * 16))),
        DataError,
        "The labels are text, such as 'boot'",
        "names, y = np.unique(y, return_inverse=True)",
    ),
    "fractions": Mistake(
        ("Fractional labels for the integer loss", "정수 손실에 소수 레이블"),
        (TORCH, 103813),
        lambda: (net((20,)), (numbers(32, 20), numbers(32) * 9)),
        ShapeError,
        "The labels hold fractions such as",
        'Pass y.round().astype("int32")',
        fails=False,
    ),
    "logits": Mistake(
        ("No softmax at the end, from_logits=False", "마지막에 소프트맥스가 없고 from_logits=False"),
        (KERAS, 6587),
        lambda: (net((20,), activation=None), (numbers(32, 20), classes())),
        ModelError,
        'Dense "classes" ends with linear, but the loss sparse_categorical_crossentropy takes probabilities',
        'End with activation="softmax", or compile with loss=keras.losses.SparseCategorical',
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
        'Compile with loss="sparse_categorical_crossentropy"',
        fails=False,
    ),
    "one unit": Mistake(
        ("One sigmoid unit with a categorical loss", "시그모이드 유닛 하나에 범주형 손실"),
        (KERAS, 17029),
        lambda: (net((20,), units=1, activation="sigmoid", loss=ONE_HOT), (numbers(32, 20), classes(32, 0, 1))),
        ModelError,
        'Dense "classes" has one unit, but the loss categorical_crossentropy needs a unit for each class',
        'For two classes compile with loss="binary_crossentropy"',
        fails=False,
    ),
    "binary": Mistake(
        ("Ten softmax units with the binary loss", "소프트맥스 유닛 10개에 이진 손실"),
        (KERAS, 3396),
        lambda: (net((20,), loss="binary_crossentropy"), (numbers(32, 20), one_hot())),
        Suspicious,
        "the loss binary_crossentropy treats each unit as a yes or no of its own",
        'compile with loss="categorical_crossentropy"',
        fails=False,
    ),
    "one softmax": Mistake(
        ("Softmax over one unit", "유닛 하나에 소프트맥스"),
        (KERAS, 18909),
        lambda: (net((20,), units=1, loss="binary_crossentropy"), (numbers(32, 20), classes(32, 0, 1))),
        ModelError,
        "has softmax over one unit, which is always 1",
        'End with keras.layers.Dense(1, activation="sigmoid")',
        fails=False,
    ),
    "counts": Mistake(
        ("Images of the training set, labels of the test set", "이미지는 학습용, 레이블은 시험용"),
        (TENSORFLOW, 47105),
        lambda: (net((20,)), (numbers(60, 20), classes(10))),
        DataError,
        "x is (60, 20) and y is (10,): every record needs one label",
        "Pass the labels that belong to x",
    ),
    "unscaled": Mistake(
        ("Pixels of 0..255 that nothing scales", "줄이지 않은 0..255 픽셀"),
        (TENSORFLOW, 47526),
        lambda: (images(), (pixels(32, 28, 28), classes())),
        Suspicious,
        "The pixels go up to 255, and nothing in the model scales them before Dense",
        "pass x / 255",
        fails=False,
    ),
    "scaled twice": Mistake(
        ("Pixels of 0..1 for a model that divides by 255 itself", "스스로 255로 나누는 모델에 0..1 픽셀"),
        ("keras-team/keras-cv", 892),
        lambda: (images(keras.layers.Rescaling(1 / 255, name="rescaling")), numbers(32, 28, 28)),
        Suspicious,
        "The pixels lie in 0..1 already",
        "Pass the pixels as they were, x * 255",
        fails=False,
    ),
    "nan": Mistake(
        ("NaN among the features", "특성에 섞인 NaN"),
        (KERAS, 2134),
        lambda: (net((20,)), (with_nan(), classes())),
        DataError,
        "1 values are not finite; the first is nan at x[3, 2]",
        "replace them, for example with np.nan_to_num(x)",
        fails=False,
    ),
    "objects": Mistake(
        ("Numbers of dtype object", "dtype이 object인 숫자"),
        (KERAS, 14851),
        lambda: (net((20,)), (table(), classes())),
        DataError,
        "x holds numbers as Python objects (dtype object)",
        'Pass x.astype("float32")',
    ),
    "not compiled": Mistake(
        ("A model that is not compiled", "컴파일하지 않은 모델"),
        (KERAS, 2372),
        lambda: (net((20,), loss=None), (numbers(32, 20), classes())),
        ModelError,
        'Model "dense" is not compiled',
        "Call model.compile(",
    ),
    "list": Mistake(
        ("A list of records in place of an array", "배열 대신 레코드의 리스트"),
        (KERAS, 4002),
        lambda: (net((20,)), (list(numbers(32, 20)), classes())),
        DataError,
        "x is a list of 32, and Keras takes a list for as many inputs",
        "Pass one array: np.stack(x), (32, 20)",
    ),
}


def call_keras(model, data):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        if isinstance(data, tuple):
            return model.fit(*data, verbose=0).history["loss"][0]
        return model.predict(data, verbose=0)


@cache
def keras_says(name):
    """The first line of Keras's own message that is no heading, shortened; None where it says nothing."""
    try:
        call_keras(*MISTAKES[name].make())
    except Exception as error:
        line, *more = [line for line in str(error).splitlines() if line.strip()]
        if line.startswith("Exception encountered") and more:  # only a heading
            line = more[0]
        line = re.sub(r"\x1b\[\d+m", "", line)  # Keras makes it bold
        line = re.sub(r"\w*Tracer[(<][^)>]*[)>]", "(a tracer)", line)  # JAX's own name for it changes
        return f"{type(error).__name__}: {line if len(line) <= MOST else f'{line[:MOST]}…'}"
    return None


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
first line of the message of Keras {keras} (on JAX) below its heading, shortened; **nothing** means
that Keras trained or predicted without a word. The last column is what
`rowwise.shapes.check(model, data)` says. `rowwise.fit` makes the same checks, `rowwise.predict` those
of x, `rowwise.evaluate` those of x and of the labels as such; all three make arrays of lists themselves.

What can only be a mistake is an error. What somebody may mean is a warning, `Suspicious`: whether a
model was trained on pixels of 0..255 or of 0..1 is not written in the model.

For plain Keras calls that fail, `with explained():` raises the same explanation from Keras's error.""",
    "ko": """# 실수 25가지와 오류 메시지

모두 사람들이 실제로 겪고 보고한 종류의 실수이며, 링크를 따라가면 그런 보고를 하나씩 볼 수 있습니다.
모델과 데이터와 호출은 `tests/shapes/test_mistakes.py`에 있고 이 문서도 거기서 만듭니다. Keras 열은
JAX에서 실행한 Keras {keras} 메시지에서 제목을 뺀 첫 줄을 줄인 것입니다. **아무 말 없음**은 Keras가
아무 표시 없이 그대로 학습하거나 예측했다는 뜻입니다. 마지막 열은 `rowwise.shapes.check(model, data)`의
메시지입니다. `rowwise.fit`에서도 똑같이 검사하고, `rowwise.predict`에서는 x만, `rowwise.evaluate`에서는
x와 레이블 자체를 검사합니다. 이 세 함수에 넘긴 리스트는 알아서 배열로 바뀝니다.

실수일 수밖에 없는 것은 오류이고, 일부러 그랬을 수도 있는 것은 `Suspicious` 경고입니다. 모델이 0..255
픽셀로 학습했는지 0..1 픽셀로 학습했는지는 모델에 적혀 있지 않기 때문입니다.

Keras를 직접 호출했다가 실패할 때도 `with explained():` 안에서는 Keras의 오류에 이어 같은 설명이 나옵니다.""",
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
    assert mistake.mend in message


@pytest.mark.parametrize("name", MISTAKES)
def test_check_says_it_in_korean_with_the_same_code(name):
    kind, message = rowwise_says(name, "ko")
    assert kind is MISTAKES[name].error
    assert any("가" <= letter <= "힣" for letter in message)


@pytest.mark.parametrize("name", [name for name, mistake in MISTAKES.items() if mistake.fails])
def test_a_failing_call_of_keras_is_explained(name):
    mistake = MISTAKES[name]
    with pytest.raises(mistake.error) as caught, explained():
        call_keras(*mistake.make())
    assert mistake.cause in str(caught.value)
    assert mistake.mend in str(caught.value)
    assert keras_says(name).startswith(type(caught.value.__cause__).__name__)


@pytest.mark.slow
@pytest.mark.parametrize("name", MISTAKES)
def test_keras_itself_fails_or_says_nothing_as_the_page_tells(name):
    assert (keras_says(name) is not None) == MISTAKES[name].fails


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
