"""Why a port did not open, in words that say what to do."""

import errno
import socket
import stat
from difflib import get_close_matches
from pathlib import Path

from ..errors import LinkError
from .ports import existing_ports, who_has_open

NOT_THERE = (errno.ENOENT, errno.ENOTDIR)
NOTHING_BEHIND = (errno.ENXIO, errno.ENODEV, errno.EIO)
BUSY = (errno.EBUSY, errno.EWOULDBLOCK)
NO_TTY = (errno.ENOTTY, errno.EISDIR, errno.EINVAL)
NO_PERMISSION = (errno.EACCES, errno.EPERM)
UNREACHABLE = (errno.EHOSTUNREACH, errno.ENETUNREACH, errno.ENETDOWN, errno.EHOSTDOWN)


def refusal(port: str, exc: Exception, dev_root: str = "/dev", proc_root: str = "/proc") -> LinkError:
    """The `LinkError` for what opening `port` raised: place, value, and what was expected."""
    cause = _cause(exc)
    number = cause.errno if isinstance(cause, OSError) else cause.args[0] if cause.args else None
    if "://" in port:
        why = _far(port, cause, number)
    elif number in NOT_THERE:
        why = _not_there(port, dev_root)
    elif number in BUSY:
        why = _busy(port, proc_root)
    elif number in NO_PERMISSION:
        why = _no_permission(port)
    elif number in NOTHING_BEHIND:
        why = "the name is there, but no working device behind it; is the adapter plugged in?"
    elif number in NO_TTY:
        why = "is no serial port; expected /dev/tty..., /dev/serial/by-id/... or socket://host:port"
    else:
        why = str(exc)
    return LinkError(f"{port}: {why}")


def _cause(exc: BaseException) -> BaseException:
    """What really happened: pyserial wraps it, sometimes without the error number."""
    while exc.__context__ is not None and getattr(exc, "errno", None) is None:
        exc = exc.__context__
    return exc


def _not_there(port: str, dev_root: str) -> str:
    if Path(port).is_symlink():
        return f"points to {Path(port).readlink()}, which is not there; is the adapter plugged in?"
    there = existing_ports(dev_root)
    near = {*there}
    directory = Path(port).parent
    if directory.is_dir() and directory not in (Path(dev_root), Path()):  # /dev itself holds much that is no port
        near.update(str(entry) for entry in directory.iterdir())
    meant = get_close_matches(str(Path(dev_root, port)), sorted(near), n=1)
    hint = f"did you mean {meant[0]}? " if meant else ""
    listing = (
        f"this machine has {', '.join(there)}" if there else "this machine has no serial port; plug the adapter in"
    )
    return f"no such port; {hint}{listing}"


def _busy(port: str, proc_root: str) -> str:
    device = str(Path(port).resolve())
    holders = who_has_open([device], proc_root).get(device, ())
    names = ", ".join(map(str, holders)) or "another process"
    return f"already open in {names}; a port serves one program, stop that one or choose another port"


def _no_permission(port: str) -> str:
    try:
        status = Path(port).stat()
    except OSError:
        return "no permission to look for it"
    return (
        f"no permission; it is {stat.filemode(status.st_mode)}, group {_group(status.st_gid)}: "
        "run as a member of that group, or as root"
    )


def _group(number: int) -> str:
    """Its name; read from the file because not every Python on a GX has the module `grp`."""
    try:
        entries = [line.split(":") for line in Path("/etc/group").read_text().splitlines()]
    except OSError:
        entries = []
    return next((entry[0] for entry in entries if entry[2:3] == [str(number)]), str(number))


def _far(port: str, cause: BaseException, number: object) -> str:
    if isinstance(cause, socket.gaierror):
        return f"the host name is not known here ({cause.strerror})"
    if isinstance(cause, TimeoutError):
        return "no answer; is the address right, and the adapter on?"
    if number == errno.ECONNREFUSED:
        return "connection refused; expected an adapter that listens there (TCP server mode), with no other client"
    if number in UNREACHABLE:
        return f"not reachable ({cause.strerror if isinstance(cause, OSError) else cause}); is the network up?"
    return str(cause)
