"""The engine's C++, compared with a plain reference: each instruction set of this machine, as it is shipped and under
sanitizers, where a compiler is available."""

import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from rowwise.engine import native

HERE = Path(__file__).parent / "native"
SOURCE = Path(__file__).parents[2] / "src" / "rowwise" / "engine" / "native"
COMPILER = os.environ.get("CXX") or shutil.which("g++") or shutil.which("clang++")
TRIALS = os.environ.get("TRIALS")  # networks for each program; `make sanitize` asks for more

NAMESPACES = {
    "x86-64": "v1",
    "x86-64-v3": "v3",
    "x86-64-v4": "v4",
    "x86-64-v4-bf16": "v4_bfloat16",
}  # whose flags CMakeLists.txt has by another name
SETS = [NAMESPACES.get(name, name) for name, runs in native.instruction_sets() if runs]
# What runs layers in bfloat16: this machine's instructions, where it has them; then what stands for them elsewhere.
BFLOAT16 = [NAMESPACES[name] for name, runs in native.bfloat16_sets() if runs] + [f"{SETS[0]} emulated"] * bool(SETS)
EACH_BFLOAT16 = [pytest.param(isa, marks=[pytest.mark.thorough] if isa != BFLOAT16[0] else []) for isa in BFLOAT16]
# The best of this machine, then the others.
EACH = [pytest.param(isa, marks=[pytest.mark.thorough] if isa != SETS[0] else []) for isa in SETS]
OPTIMISED = ["-O3", "-DNDEBUG"]
# Without optimisation, and without the network of doubles: most of the time goes into compiling.
SANITIZED = ["-O0", "-g1", "-fno-sanitize-recover=all", "-UROWWISE_FLOAT64"]


def flags(isa):
    """What CMakeLists.txt compiles the kernels of an instruction set with."""
    lines = dict(re.findall(r"^set\(ROWWISE_FLAGS(\w*) ([^)]*)\)", (SOURCE / "CMakeLists.txt").read_text(), re.M))
    base, emulated, _ = isa.partition(" ")
    rounding = ["-DROWWISE_BFLOAT16", "-UROWWISE_FLOAT64"] if emulated else []
    return [*lines[""].split(), *lines[f"_{base}"].split(), f"-DROWWISE_ISA={base}", *rounding]


def compare(options, trials, tmp_path, compiler=COMPILER, source="oracle.cpp"):
    """Build the comparison and run it; the test is skipped where this compiler or this kernel has no such sanitizer."""
    if compiler is None or not shutil.which(compiler):
        pytest.skip("no C++ compiler")
    program = tmp_path / "oracle"
    build = [compiler, "-std=c++20", "-pthread", *options, f"-I{SOURCE}", HERE / source, SOURCE / "threads.cpp"]
    compilation = subprocess.run([*build, "-o", program], capture_output=True, text=True, check=False)
    if compilation.returncode and "cannot find" in compilation.stderr:
        pytest.skip("the compiler has not this sanitizer")
    assert compilation.returncode == 0, compilation.stderr
    trials = TRIALS or str(trials)
    run = subprocess.run([program, trials], capture_output=True, text=True, check=False, timeout=600)
    if "unexpected memory mapping" in run.stderr:
        pytest.skip("this kernel's address layout is beyond ThreadSanitizer")
    assert run.returncode == 0, run.stdout + run.stderr
    assert re.search(
        rf"^{trials} (networks trained, \d+ of them undecided|products and layers), 0 wrong$", run.stdout, re.M
    )


@pytest.mark.thorough  # the engine as it is installed is compared with JAX; what is sanitized, with the reference
@pytest.mark.slow
@pytest.mark.parametrize("isa", SETS)
def test_an_instruction_set_as_it_is_shipped_computes_what_the_reference_does(isa, tmp_path):
    compare([*OPTIMISED, *flags(isa)], 300, tmp_path)


@pytest.mark.thorough
@pytest.mark.slow
def test_code_without_any_vector_instruction_computes_what_the_reference_does(tmp_path):
    without = ["-U__SSE2__", "-U__ARM_NEON"]  # what vector.h asks for
    compare(["-O0", *flags("generic"), *without], 100, tmp_path)


@pytest.mark.slow
@pytest.mark.parametrize("sanitizer", ["address,undefined", pytest.param("thread", marks=pytest.mark.thorough)])
@pytest.mark.parametrize("isa", EACH)
def test_networks_of_every_kind_train_without_a_finding_and_without_an_allocation(isa, sanitizer, tmp_path):
    compare([*flags(isa), *SANITIZED, f"-fsanitize={sanitizer}"], 30, tmp_path)


@pytest.mark.thorough
@pytest.mark.slow
def test_no_offset_is_added_to_a_slot_that_a_rule_has_not(tmp_path):
    # Clang's sanitizer alone reports arithmetic on null pointers.
    compare([*flags(SETS[-1]), *SANITIZED, "-fsanitize=undefined"], 30, tmp_path, shutil.which("clang++"))


@pytest.mark.slow
@pytest.mark.parametrize("isa", EACH_BFLOAT16)
def test_products_in_bfloat16_have_the_bits_of_plain_loops(isa, tmp_path):
    compare(["-O1", *flags(isa)], 100, tmp_path, source="pairs.cpp")


@pytest.mark.thorough
@pytest.mark.slow
@pytest.mark.parametrize("isa", BFLOAT16)
def test_networks_in_bfloat16_learn_what_the_reference_does(isa, tmp_path):
    compare(["-O2", *flags(isa)], 300, tmp_path)


@pytest.mark.thorough
@pytest.mark.slow
@pytest.mark.parametrize("sanitizer", ["address,undefined", "thread"])
@pytest.mark.parametrize("isa", BFLOAT16)
def test_networks_in_bfloat16_train_without_a_finding(isa, sanitizer, tmp_path):
    compare([*flags(isa), *SANITIZED, f"-fsanitize={sanitizer}"], 30, tmp_path)
