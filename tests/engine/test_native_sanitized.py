"""The engine's C++ under sanitizers, where a compiler with them is to be had."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

HERE = Path(__file__).parent / "native"
SOURCE = Path(__file__).parents[2] / "src" / "rowwise" / "engine" / "native"
COMPILER = os.environ.get("CXX") or shutil.which("g++") or shutil.which("clang++")
TRIALS = os.environ.get("TRIALS", "60")


@pytest.mark.slow
@pytest.mark.parametrize("sanitizer", ["address,undefined", "thread"])
def test_networks_of_every_kind_train_without_a_finding_and_without_an_allocation(sanitizer, tmp_path):
    if COMPILER is None or not shutil.which(COMPILER):
        pytest.skip("no C++ compiler")
    program = tmp_path / "sanitized"
    # Without optimisation: compiling takes a third of the time, which is most of it.
    build = [COMPILER, "-std=c++20", "-O0", "-g1", f"-fsanitize={sanitizer}", "-fno-sanitize-recover=all"]
    build += ["-ffp-contract=fast", "-fno-math-errno", "-fno-trapping-math", "-Wno-psabi", "-pthread"]
    build += [
        "-DROWWISE_ISA=tested",
        f"-I{SOURCE}",
        str(HERE / "sanitized.cpp"),
        str(SOURCE / "threads.cpp"),
        "-o",
        program,
    ]
    made = subprocess.run(build, capture_output=True, text=True, check=False)
    if made.returncode and "cannot find" in made.stderr:
        pytest.skip(f"the compiler has no sanitizer {sanitizer}")
    assert made.returncode == 0, made.stderr
    done = subprocess.run([program, TRIALS], capture_output=True, text=True, check=False, timeout=300)
    if "unexpected memory mapping" in done.stderr:
        pytest.skip("this kernel's address layout is beyond ThreadSanitizer")
    assert done.returncode == 0, done.stdout + done.stderr
    assert f"{TRIALS} networks trained, 0 wrong" in done.stdout
