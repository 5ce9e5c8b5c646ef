"""What every test starts from: English, JAX, private caches; and the real Fashion-MNIST where it is."""

import gc
import itertools
import os
import shutil
import signal
import tempfile
from pathlib import Path

os.environ["KERAS_BACKEND"] = "jax"
# Most of the engine tests' time went into XLA's compiler, for networks that then run for milliseconds. It is spared
# optimisation only. `XLA_FLAGS= make test` compiles as a user's program does.
os.environ.setdefault(
    "XLA_FLAGS",
    "--xla_backend_optimization_level=0 --xla_llvm_disable_expensive_passes=true"
    " --xla_cpu_use_fusion_emitters=false --xla_cpu_parallel_codegen_split_count=1",
)

import chromium
import hypothesis
import pytest

# A program that another test has compiled, in whichever worker, is read instead.
_COMPILED = "JAX_COMPILATION_CACHE_DIR" not in os.environ and tempfile.mkdtemp(prefix="rowwise-compiled-")
if _COMPILED:  # workers inherit it
    os.environ["JAX_COMPILATION_CACHE_DIR"] = _COMPILED
os.environ["JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS"] = "0"
os.environ.setdefault("JAX_TRACEBACK_IN_LOCATIONS_LIMIT", "0")  # nobody reads from which line an operation came

# A busy machine is no fault of what is drawn; and what the suite draws is the same each time: no run of it fails by
# chance. `make thorough` draws anew.
hypothesis.settings.register_profile(
    "suite", deadline=None, suppress_health_check=[hypothesis.HealthCheck.too_slow], derandomize=True
)
hypothesis.settings.register_profile("thorough", hypothesis.settings.get_profile("suite"), derandomize=False)

# Commands tidy up what killed ones have left among the temporary files: each worker has its own, and no other program.
_TEMPORARY = "PYTEST_XDIST_WORKER" in os.environ and tempfile.mkdtemp(prefix="tests-of-rowwise-")
if _TEMPORARY:
    os.chmod(_TEMPORARY, 0o711)  # PostgreSQL runs as somebody else
    os.environ["TMPDIR"] = tempfile.tempdir = _TEMPORARY

if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:  # as a shell starts what runs in the background
    signal.signal(signal.SIGINT, signal.default_int_handler)
if hasattr(signal, "SIGHUP") and signal.getsignal(signal.SIGHUP) is signal.SIG_IGN:  # as nohup does
    signal.signal(signal.SIGHUP, signal.SIG_DFL)

HERE = Path(__file__).parent
BESIDE = HERE.parents[1] / "shared" / "data" / "fashion-mnist"


# Thousands of tests save something, and no power fails meanwhile: waiting for the disk took a tenth of the suite.
os.fsync = lambda _: None
_NUMBERS = itertools.count()


def pytest_configure(config):
    hypothesis.settings.load_profile("suite" if "not thorough" in config.option.markexpr else "thorough")


def pytest_collection_modifyitems(items):
    """What takes longest comes first, so that all workers end together."""
    items.sort(key=lambda item: item.path.parent != HERE)


def pytest_collection_finish():
    """Keras, JAX and the tests stay: looking again and again whether they are still used took a tenth as well."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(100_000, 50, 100)
    # From here on for the processes that tests start: they only read, since some are killed, and amid a write as well.
    os.environ["JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS"] = "1e9"


def pytest_unconfigure():
    for folder in (_COMPILED, _TEMPORARY):
        if folder:
            shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="session")
def _all_caches(tmp_path_factory):
    return tmp_path_factory.mktemp("caches")


@pytest.fixture(autouse=True)
def _own_places(monkeypatch, _all_caches):
    caches = _all_caches / str(next(_NUMBERS))  # one name after another: mktemp looks through all others for each
    monkeypatch.setenv("ROWWISE_LANG", "en")
    monkeypatch.setenv("ROWWISE_CACHE", str(caches / "rowwise"))
    monkeypatch.setenv("KERAS_HOME", str(caches / "keras"))
    monkeypatch.setenv("ROWWISE_MIRRORS", "http://127.0.0.1:9/")  # nobody listens: no test reaches the network
    monkeypatch.delenv("ROWWISE_DATA", raising=False)


_FOLDER = Path(os.environ["ROWWISE_DATA"]) if os.environ.get("ROWWISE_DATA") else BESIDE


@pytest.fixture
def fashion_mnist(monkeypatch):
    """The folder of the real files, set as $ROWWISE_DATA."""
    if not (_FOLDER / "train-images-idx3-ubyte.gz").exists():
        pytest.skip("the real Fashion-MNIST files are neither in $ROWWISE_DATA nor beside the checkout")
    monkeypatch.setenv("ROWWISE_DATA", str(_FOLDER))
    return _FOLDER


@pytest.fixture
def fastest():
    """The engine that `auto` takes for the course's model: what this installation could compile."""
    from rowwise.engine.plan import without_a_model

    return without_a_model().engine


@pytest.fixture(scope="module")
def browser():
    """Chromium, for a module's tests of pages."""
    sync = pytest.importorskip("playwright.sync_api", reason="Playwright for Python is not installed")
    if chromium.executable() is None:
        pytest.skip("there is no Chromium on this machine")
    with sync.sync_playwright() as playwright:
        browser = chromium.launch(playwright)
        yield browser
        browser.close()
