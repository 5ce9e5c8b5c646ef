"""What Windows has not → hidden from rowwise's modules; what it does otherwise → done so for them. Imported first.

Third-party modules keep what they look for on this machine. Rowwise's see `os.name == "nt"`, `sys.platform == "win32"`,
a `msvcrt` that locks, and none of the names below. No file can be renamed, replaced or removed that is open: what
rowwise tries nevertheless fails, as it does there, and stands in `VIOLATIONS`.
"""

import builtins
import fcntl
import importlib
import os
import shutil
import sys
import sysconfig
import tempfile
import types
import warnings

MODULES = ("fcntl", "resource", "termios", "tty", "pty", "pwd", "grp", "syslog", "curses", "readline")
OF_OS = (
    *("fork", "forkpty", "register_at_fork", "kill", "killpg", "getuid", "geteuid", "getgid", "getegid", "getgroups"),
    *("setsid", "setuid", "nice", "sched_getaffinity", "sysconf", "mkfifo", "chown", "lchown", "fchown", "fchmod"),
    *("statvfs", "uname", "posix_fallocate", "posix_fadvise", "pread", "pwrite", "sendfile", "pipe2", "openpty"),
    *("O_NOFOLLOW", "O_NONBLOCK", "O_DIRECTORY", "O_CLOEXEC", "O_SYNC", "ttyname", "tcgetpgrp", "getpgid", "wait"),
    *("WIFSIGNALED", "WTERMSIG", "getloadavg", "initgroups", "fwalk", "setpgid", "EX_OK"),
)
OF_SIGNAL = (
    *("SIGHUP", "SIGKILL", "SIGUSR1", "SIGUSR2", "SIGALRM", "SIGPIPE", "SIGQUIT", "SIGCHLD", "SIGCONT", "SIGSTOP"),
    *("SIGTSTP", "SIGWINCH", "SIGTTIN", "SIGTTOU", "alarm", "setitimer", "pthread_kill", "pthread_sigmask", "sigwait"),
    *("pause", "siginterrupt", "sigpending"),
)
OF_MMAP = ("MADV_DONTNEED", "MADV_SEQUENTIAL", "MAP_SHARED", "MAP_PRIVATE", "PROT_READ")
OF_SOCKET = ("AF_UNIX", "SO_REUSEPORT", "socketpair")
VIOLATIONS: list[str] = []
STANDARD = sysconfig.get_paths()["stdlib"]


class Windows(types.ModuleType):
    """A module of Python's as Windows has it."""

    def __init__(self, real, hidden, /, **instead):
        object.__setattr__(self, "shown", (real, frozenset(hidden), instead))

    def __getattribute__(self, name):
        real, hidden, instead = object.__getattribute__(self, "shown")
        if name in hidden:
            raise AttributeError(f"Windows has no {real.__name__}.{name}")
        return instead[name] if name in instead else getattr(real, name)

    def __setattr__(self, name, value):
        setattr(object.__getattribute__(self, "shown")[0], name, value)


def locking(descriptor, mode, size):
    """As `msvcrt.locking`: the bytes from where the file stands."""
    if mode == 0:
        fcntl.flock(descriptor, fcntl.LOCK_UN)
        return
    fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)


def make(module, hidden, /, **instead):
    return Windows(importlib.import_module(module), hidden, **instead)


SHOWN = {
    "os": make("os", OF_OS, name="nt"),
    "sys": make("sys", (), platform="win32"),
    "signal": make("signal", OF_SIGNAL),
    "mmap": make("mmap", OF_MMAP),
    "socket": make("socket", OF_SOCKET),
    "tempfile": make(
        "tempfile", (), TemporaryFile=tempfile.NamedTemporaryFile
    ),  # which has a name as long as it is open
    "msvcrt": types.SimpleNamespace(LK_UNLCK=0, LK_LOCK=1, LK_NBLCK=2, locking=locking),
}
_import = builtins.__import__


def imported(name, globals=None, locals=None, fromlist=(), level=0):
    if level == 0 and globals is not None and str(globals.get("__name__", "")).partition(".")[0] == "rowwise":
        if name.partition(".")[0] in MODULES:
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)
        if name in SHOWN:
            return SHOWN[name]
    return _import(name, globals, locals, fromlist, level)


def open_below(path):
    """The files of this process that are open or mapped at `path`, or below it where it is a folder."""
    place = os.path.realpath(path)
    found = set()
    for number in os.listdir("/proc/self/fd"):
        try:
            found.add(os.readlink(f"/proc/self/fd/{number}"))
        except OSError:
            continue
    with open("/proc/self/maps", encoding="utf-8") as mapped:
        found |= {line.split(maxsplit=5)[5].strip() for line in mapped if "/" in line}
    return sorted(one for one in found if one == place or one.startswith(f"{place}/"))


def by_rowwise():
    """Whether rowwise asked for it, itself or by pathlib or shutil."""
    frame = sys._getframe(2)
    while frame is not None:
        file = frame.f_code.co_filename
        if file == tempfile.__file__:
            return False
        if frame.f_globals.get("__name__", "").startswith("rowwise"):
            return True
        if not file.startswith((STANDARD, "<frozen")) or "site-packages" in file:
            return False
        frame = frame.f_back
    return False


def guarded(name, places):
    real = getattr(os, name)

    def instead(*arguments, **options):
        if by_rowwise() and "dir_fd" not in options:
            for path in arguments[:places]:
                if os.path.lexists(path) and not os.path.islink(path) and (there := open_below(path)):
                    VIOLATIONS.append(f"{name} {path}: open {there[0]}")
                    raise PermissionError(13, "The process cannot access the file", str(path))
        return real(*arguments, **options)

    setattr(os, name, instead)


for _name, _places in (("replace", 2), ("rename", 2), ("unlink", 1), ("remove", 1)):
    guarded(_name, _places)
shutil._use_fd_functions = False  # of `rmtree`, which then names whole paths
builtins.__import__ = imported
warnings.filterwarnings("error", category=EncodingWarning, module=r"rowwise(\.|$)")
