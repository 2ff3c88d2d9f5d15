"""Becomes a store's server: settles whose it is and where it works, then replaces itself by the program.

Run as a script of its own (`python -I -S launcher.py ...`), so that nothing of Python runs between fork
and exec of a busy parent. As root it takes the given unprivileged user; where that user could not reach its
files (a checkout below /root, a private data folder) it keeps the one right to pass through folders.
It never returns to its caller.
"""

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
    """Hand one right to the program. PostgreSQL asks `access`, which counts rights only with the bit set."""
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
    libc.prctl(PR_SET_KEEPCAPS, 1, 0, 0, 0)
    try:
        os.setgroups([])
        os.setresgid(uid, uid, uid)
        os.setresuid(uid, uid, uid)
    except OSError as error:
        sys.stderr.write(f"this root may not become user {uid} ({error.strerror})\n")
        sys.exit(EXIT_UNREACHABLE)
    if _can_access(program, paths):
        return
    # The first passes through folders; the second also opens programs that a strict umask closed, and is the
    # one that Docker gives to root.
    for capability in (CAP_DAC_READ_SEARCH, CAP_DAC_OVERRIDE):
        if os.fork() == 0:
            os._exit(0 if _keep_capability(libc, capability) and _can_access(program, paths) else 1)
        if os.wait()[1] == 0:
            _keep_capability(libc, capability)
            return
    sys.stderr.write(f"user {uid} cannot reach {program} {' '.join(paths)}\n")
    sys.exit(EXIT_UNREACHABLE)


def main(arguments: list[str]) -> None:
    """Take `parent=`, `death=`, `folder=`, `user=`, `reach=` up to `--`, then the command."""
    split = arguments.index("--")
    command = arguments[split + 1 :]
    pairs = [argument.partition("=") for argument in arguments[:split]]
    given = {key: value for key, _, value in pairs}
    os.closerange(3, 4096)
    os.umask(0o077)
    os.chdir(given["folder"])
    libc = ctypes.CDLL(None, use_errno=True)
    if "user" in given:
        reach = [value for key, _, value in pairs if key == "reach"]
        _drop_privileges(libc, int(given["user"]), command[0], reach)
    if "death" in given:
        # After the change of user, which clears it; the parent may be gone by now.
        libc.prctl(PR_SET_PDEATHSIG, int(given["death"]), 0, 0, 0)
        if os.getppid() != int(given["parent"]):
            sys.exit(EXIT_ORPHANED)
    os.execv(command[0], command)  # noqa: S606 - no shell is the point


if __name__ == "__main__":
    main(sys.argv[1:])
