"""`rfc2217://host:port`: a serial port at a telnet server, which has no descriptor of its own.

pyserial speaks the protocol; two threads carry the bytes between it and one end of a socket pair, whose other end is
the descriptor that `SerialLink` works with. Either side's end becomes the other's end of file.
"""

import socket
import threading
from contextlib import suppress

from serial.rfc2217 import Serial

PATIENCE = 1.0  # s: how soon the threads notice that the port was closed


def open_bridge(url: str, baudrate: int) -> int:
    """Connect, set the baud rate there, and return a non-blocking descriptor; blocks for up to 14 s. Errors: OSError.

    Closing the descriptor is all that is needed to let everything go.
    """
    port = Serial(url, baudrate=baudrate, timeout=PATIENCE)
    ours, theirs = socket.socketpair()
    ours.setblocking(False)
    threading.Thread(target=_outward, args=(port, theirs), name=f"to {url}", daemon=True).start()
    return ours.detach()


def _outward(port: Serial, end: socket.socket) -> None:
    """From the descriptor to the port, until either is closed; then closes both."""
    inward = threading.Thread(target=_inward, args=(port, end), name=f"from {port.port}", daemon=True)
    inward.start()
    with end:
        with suppress(OSError):
            while data := end.recv(4096):
                port.write(data)
        port.close()
        inward.join()


def _inward(port: Serial, end: socket.socket) -> None:
    """From the port to the descriptor, until either is closed; then wakes `_outward`."""
    with suppress(OSError):
        while True:
            data = port.read(1)
            if data:
                end.sendall(data + port.read(port.in_waiting))
    with suppress(OSError):
        end.shutdown(socket.SHUT_RDWR)
