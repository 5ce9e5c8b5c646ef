"""requirements.lock and rowwise → the environment of this Python: what `make` does first, and how far it is.

`python -m venv .venv`, then `.venv/bin/python install.py` (`.venv\\Scripts\\python install.py`) does it without make.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).parent
PIP = (sys.executable, "-m", "pip", "install", "--disable-pip-version-check")
FOUND = re.compile(r"Collecting ([A-Za-z0-9_.-]+?)(?:[=<>~![; ].*)?$")
FILE = r"(?:\S*/)?([A-Za-z0-9_.]+)-\S+\.(?:whl|tar\.gz)"
FETCHED = re.compile(rf"(?:Downloading|Using cached|Processing) {FILE}(?: \(([\d.]+ .?B)\))?(?: \(from .*)?$")
# The catalogue of messages is not installed yet.
WORDS = {
    "begin": (
        "Setting up .venv, once: up to {packages} packages, about 400 MB to fetch and 1.7 GB on the disk. "
        "It takes 2 to 10 minutes.",
        "처음 한 번 .venv를 준비합니다. 패키지는 많아야 {packages}개, 내려받을 양은 약 400MB, 디스크에는 1.7GB입니다. "
        "2~10분쯤 걸립니다.",
    ),
    "found": ("  looked up {number} of {packages}: {name}", "  찾는 중 {number}/{packages}: {name}"),
    "fetched": ("  fetched {number} of {packages}: {name} {size}", "  받는 중 {number}/{packages}: {name} {size}"),
    "unpack": (
        "  all are here; unpacking them, a minute or more ...",
        "  모두 받았습니다. 푸는 데 1분 넘게 걸립니다...",
    ),
    "failed": (
        "The packages could not be installed; what pip said stands above. The same command tries again.",
        "패키지를 설치하지 못했습니다. 위에 pip의 출력이 있습니다. 같은 명령으로 다시 시도할 수 있습니다.",
    ),
    "compile": (
        "Compiling rowwise's own engine where there is a compiler: 1 to 3 minutes ...",
        "컴파일러가 있으면 rowwise의 엔진을 컴파일합니다. 1~3분쯤 걸립니다...",
    ),
}


def main() -> int:
    """The exit code of pip."""
    lock = HERE / "requirements.lock"
    packages = sum(bool(re.match(r"[A-Za-z0-9]", line)) for line in lock.read_text("utf-8").splitlines())
    say(f"{word('begin', packages=packages)}\n")
    command = [*PIP, "--progress-bar", "off", "--requirement", str(lock)]
    out = {"stdout": subprocess.PIPE, "stderr": subprocess.STDOUT, "text": True, "encoding": "utf-8"}
    counts, lines = {"found": 0, "fetched": 0}, list[str]()
    with subprocess.Popen(command, errors="replace", **out) as pip:  # type: ignore[call-overload]
        for line in pip.stdout:
            lines.append(line)
            packages -= line.startswith("Ignoring ")  # for another system
            for step, pattern in (("found", FOUND), ("fetched", FETCHED)):
                if news := pattern.match(line.strip()):
                    counts[step] += 1
                    name, size = (*news.groups(), "")[:2]
                    known = {"packages": packages, "number": counts[step], "name": name, "size": size or ""}
                    show(word(step, **known), every=counts[step])
            if line.startswith("Installing collected packages"):
                show(word("unpack"))
    show("")
    if pip.returncode:
        say("".join(lines[-30:]) + word("failed") + "\n")
        return int(pip.returncode)
    say(f"{word('compile')}\n")
    return subprocess.run([*PIP, "--quiet", "--no-deps", "--editable", str(HERE)]).returncode


def word(key: str, **values: object) -> str:
    """A sentence in English, or in Korean where the system is."""
    wish = next((os.environ[name] for name in ("ROWWISE_LANG", "LC_ALL", "LANG") if os.environ.get(name)), "")
    return WORDS[key][wish.lower().startswith("ko")].format(**values)


def show(words: str, every: int = 0) -> None:
    """On a terminal one line in place of the last; in a file every twentieth."""
    if sys.stderr.isatty():
        say(f"\r\x1b[K{words}")
    elif words and every % 20 == 0:
        say(f"{words}\n")


def say(words: str) -> None:
    sys.stderr.write(words)
    sys.stderr.flush()


if __name__ == "__main__":
    sys.exit(main())
