"""When to look at a port, so that a reply of 291 bytes costs one or two wake-ups and not nineteen.

A UART hands over its bytes in chunks, and a wake-up for each costs more than everything else the driver does with
them. After a request the reply's end can be foretold: `lag` (learned) plus the reply's time on the wire. The link
sleeps until then and a little longer, and usually all is there. Every sixteenth reply, and every one while `spread`
says that they end at unsteady times, is looked at a little before its end instead, and the rest awaited by readability:
that shows when exactly it ended, and teaches `lag` and `spread`.

All times are seconds of one monotonic clock and are arguments: nothing here reads a clock or a port.
"""

from math import inf

BITS = 10  # on the wire per byte: start, 8 data, stop
TAIL = 48  # bytes: the last chunk of a reply may be as large; so near to its end bytes alone do not foretell it
LONGEST = 512  # bytes: more is never slept for, whatever a damaged length field claims
QUIET = 0.020  # s without a byte after its due time: the rest is not on its way
STEADY = 0.001  # s of spread up to which the end is foretold
EARLY = 0.0015  # s, more than the grain of asyncio's timers (1 ms) by a margin
EXACT_EVERY = 16  # replies
HICCUP = 0.004  # s: larger errors count as this, so that one of them does not spoil the next replies


class Pace:
    """What one port's replies have taught about their timing.

    The owner reports `wrote` and `took`, and asks `blind` before each wait.
    """

    def __init__(self, baudrate: int) -> None:
        self._byte = BITS / baudrate
        self._turn = 0
        self._exactly = True  # this reply's end is to be seen as it comes
        self.lag: float | None = None  # s from request to the reply's end, less its own time on the wire
        self.spread = 1.5 * STEADY  # s, mean error of the forecast
        self.restart()

    def restart(self) -> None:
        """Forget the conversation, not what was learned: the port was opened anew."""
        self._asked: float | None = None
        self._count = 0
        self._heard = -inf

    def wrote(self, now: float) -> None:
        """A request has been sent."""
        self._asked = now
        self._count = 0
        self._turn += 1
        self._exactly = self.spread > STEADY or self._turn % EXACT_EVERY == 0

    def blind(self, missing: int, now: float) -> float:
        """Seconds during which looking is pointless; 0.0: wait for readability.

        `missing` is what the frame on its way lacks, 0 or less when unknown.
        """
        if missing <= 0:
            return 0.0
        wire = min(missing, LONGEST) * self._byte
        if self._asked is not None and self._count == 0:
            if self.lag is None:
                return 0.0
            due = self._asked + self.lag + wire
            due += self.spread / 4 if not self._exactly else -EARLY - 2 * self.spread
        elif now - self._heard < QUIET:
            due = self._heard + wire - TAIL * self._byte
        else:
            return 0.0
        return max(0.0, due - now)

    def patience(self, missing: int) -> float:
        """Until when the beginning of a frame is held back for the rest of it; then it is handed over as it is."""
        return self._heard + min(missing, LONGEST) * self._byte + QUIET

    def took(self, count: int, now: float, *, complete: bool, exact: bool) -> None:
        """`count` bytes were there. `complete`: nothing is missing now; `exact`: they were taken as they arrived."""
        self._count += count
        self._heard = now
        if not complete or self._asked is None:
            return
        if exact:
            self._learn(now - self._asked - self._count * self._byte)
        elif self._exactly:  # even the early look came too late
            self.lag = None
        self._asked = None

    def _learn(self, lag: float) -> None:
        if self.lag is None:
            self.lag = lag
        error = max(-HICCUP, min(HICCUP, lag - self.lag))
        self.lag += error / 4
        self.spread += (abs(error) - self.spread) / 8
