"""Sets user, folder, session and parent-death signal, then executes a server program.

Runs as a separate script (`python -I -S launcher.py ...`), so that no Python code runs between fork and exec
in a busy parent. Started as root, it switches to the given unprivileged user. If that user cannot
access the files (a checkout below /root, a private data folder), it keeps the one capability to traverse
folders. Without `prctl` (macOS) there are no capabilities, and a watcher takes the place of the signal.
"""

import contextlib
import ctypes
import os
import sys
from pathlib import Path

PR_SET_PDEATHSIG = 1
PR_SET_KEEPCAPS = 8
PR_SET_SECUREBITS = 28
PR_CAP_AMBIENT = 47
PR_CAP_AMBIENT_RAISE = 2
SECBIT_NO_SETUID_FIXUP = 1 << 2
CAP_DAC_OVERRIDE = 1
CAP_DAC_READ_SEARCH = 2
CAP_SETPCAP = 8
CAPABILITY_VERSION_3 = 0x20080522
EXIT_UNREACHABLE = 77
EXIT_ORPHANED = 78
WATCHER = Path(__file__).with_name("parent_watcher.py")


class _CapabilityHeader(ctypes.Structure):
    _fields_ = (("version", ctypes.c_uint32), ("pid", ctypes.c_int))


class _CapabilitySets(ctypes.Structure):
    _fields_ = (
        ("effective", ctypes.c_uint32),
        ("permitted", ctypes.c_uint32),
        ("inheritable", ctypes.c_uint32),
    )


def _set_capabilities(libc: ctypes.CDLL, permitted: int, inheritable: int) -> bool:
    sets = (_CapabilitySets * 2)()
    sets[0] = _CapabilitySets(permitted, permitted, inheritable)
    return bool(
        libc.capset(ctypes.byref(_CapabilityHeader(CAPABILITY_VERSION_3, 0)), ctypes.byref(sets)) == 0
    )


def _keep_capability(libc: ctypes.CDLL, capability: int) -> bool:
    """Pass one capability to the program. PostgreSQL uses `access`, which needs the securebit to count it."""
    bit = 1 << capability
    if _set_capabilities(libc, bit | 1 << CAP_SETPCAP, bit):
        libc.prctl(PR_SET_SECUREBITS, SECBIT_NO_SETUID_FIXUP, 0, 0, 0)
    return (
        _set_capabilities(libc, bit, bit)
        and libc.prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, capability, 0, 0) == 0
    )


def _can_access(program: str, paths: list[str]) -> bool:
    try:
        for path in paths:
            Path(path).stat()
    except PermissionError:
        return False
    return os.access(program, os.R_OK | os.X_OK)


def _drop_privileges(libc: ctypes.CDLL, uid: int, program: str, paths: list[str]) -> None:
    has_capabilities = hasattr(libc, "prctl")
    if has_capabilities:
        libc.prctl(PR_SET_KEEPCAPS, 1, 0, 0, 0)
    try:
        os.setgroups([])
        # Of root, these set the real, effective and saved ids.
        os.setgid(uid)
        os.setuid(uid)
    except OSError as error:
        sys.stderr.write(f"root cannot switch to user {uid} ({error.strerror})\n")
        sys.exit(EXIT_UNREACHABLE)
    if _can_access(program, paths):
        return
    # The first allows traversing folders. The second also allows opening programs that a strict umask made
    # private; it is the one that Docker grants to root.
    for capability in (CAP_DAC_READ_SEARCH, CAP_DAC_OVERRIDE) if has_capabilities else ():
        if os.fork() == 0:
            os._exit(0 if _keep_capability(libc, capability) and _can_access(program, paths) else 1)
        if os.wait()[1] == 0:
            _keep_capability(libc, capability)
            return
    sys.stderr.write(f"user {uid} cannot access {program} {' '.join(paths)}\n")
    sys.exit(EXIT_UNREACHABLE)


def _start_watcher(pipe: int, signal_number: int) -> None:
    """Start a process that ends the program when the pipe ends. It is no child of the program."""
    server = os.getpid()
    child = os.fork()
    if child:
        os.waitpid(child, 0)
        os.close(pipe)
        return
    os.setsid()
    if os.fork():
        os._exit(0)
    argv = [sys.executable, "-I", "-S", str(WATCHER), str(pipe), str(server), str(signal_number)]
    os.execv(sys.executable, argv)  # noqa: S606 - no shell is the point


def main(arguments: list[str]) -> None:
    """Parse the options before `--`, and the command after it.

    `parent=`, `death=`, `parent_pipe=`, `folder=`, `user=` and `reach=` are those of `ServerCommand`.
    """
    split = arguments.index("--")
    command = arguments[split + 1 :]
    pairs = [argument.partition("=") for argument in arguments[:split]]
    options = {key: value for key, _, value in pairs}
    parent_pipe = int(options.get("parent_pipe", 0))
    for first, end in ((3, parent_pipe), (max(3, parent_pipe + 1), 4096)):
        os.closerange(first, end)
    with contextlib.suppress(PermissionError):
        os.setsid()  # unless it leads a session already
    os.umask(0o077)
    os.chdir(options["folder"])
    libc = ctypes.CDLL(None, use_errno=True)
    if "user" in options:
        reach = [value for key, _, value in pairs if key == "reach"]
        _drop_privileges(libc, int(options["user"]), command[0], reach)
    if parent_pipe:
        _start_watcher(parent_pipe, int(options["death"]))
    elif "death" in options:
        # After the change of user, which clears it. The parent may have died by now.
        libc.prctl(PR_SET_PDEATHSIG, int(options["death"]), 0, 0, 0)
        if os.getppid() != int(options["parent"]):
            sys.exit(EXIT_ORPHANED)
    os.execv(command[0], command)  # noqa: S606 - no shell is the point


if __name__ == "__main__":
    main(sys.argv[1:])
