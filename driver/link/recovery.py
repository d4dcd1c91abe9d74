"""The way back to a battery that is lost: cheapest step first, and when. Pure: time is an argument.

    ask again -> subscribe again -> disconnect and connect -> remove the device object -> power-cycle the adapter

The first two happen on an open connection, `Silence` tells when. The others follow from failures in a row without a
single valid frame: `is_connected`, and even a successful connection, prove nothing.
"""

from collections import Counter
from collections.abc import Callable
from enum import Enum

from .trouble import Trouble

FIRST, MOST = 0.5, 20.0  # s between attempts
ASKS = 2  # unanswered ones before the subscription is renewed
SWITCH_ADAPTER = 2  # failures before another adapter's turn comes, where the owner has left the choice to us
POWER_CYCLE_APART, POWER_CYCLE_MOST = 300.0, 3600.0  # s between two power cycles of one adapter, growing


class Step(Enum):
    """What is done about a silent or lost battery."""

    ASK = "asks again"
    SUBSCRIBE = "subscribes again"
    RECONNECT = "connects again"
    REMOVE = "has BlueZ forget the device"
    POWER_CYCLE = "switches the adapter off and on"


LADDER = (Step.RECONNECT, Step.RECONNECT, Step.REMOVE, Step.RECONNECT, Step.POWER_CYCLE)  # by failures in a row

# only these can be the adapter's fault: it is not switched off because a battery is
ADAPTER_SUSPECT = frozenset({
    Trouble.BUSY, Trouble.ADAPTER_OFF, Trouble.ABORTED, Trouble.NO_ANSWER, Trouble.SUBSCRIPTION, Trouble.WRITE,
    Trouble.DEAF, Trouble.OTHER,
})  # fmt: skip
# here BlueZ has nothing that could be forgotten, or forgetting it would not help
REMOVE_USELESS = frozenset({
    Trouble.NO_BLUEZ, Trouble.NO_ADAPTER, Trouble.ADAPTER_OFF, Trouble.NOT_SEEN, Trouble.DEAF,
})  # fmt: skip
# after these an object in BlueZ is no reason to connect without looking whether the device is there
SEARCH_AFTER = frozenset({Trouble.OBJECT_GONE, Trouble.NOT_SEEN, Trouble.DEAF, Trouble.NO_ANSWER})


class Silence:
    """Requests on an open connection that nothing answers."""

    def __init__(self) -> None:
        self._unanswered = 0
        self._renewed = False

    def heard(self) -> None:
        """Something came."""
        self._unanswered, self._renewed = 0, False

    def asking(self) -> Step | None:
        """What a request that is sent now amounts to: None for the first, later ASK, and once SUBSCRIBE."""
        self._unanswered += 1
        if self._unanswered == 1:
            return None
        if self._unanswered > ASKS and not self._renewed:
            self._renewed = True
            return Step.SUBSCRIBE
        return Step.ASK


class Recovery:
    """One battery's way back. Its owner reports what happened, and does what `step` says after `wait`."""

    def __init__(self, jitter: Callable[[], float], *, first: float = FIRST, most: float = MOST) -> None:
        """`jitter` gives numbers from 0 to 1: batteries that were lost together must not come back together."""
        self.counters: Counter[Step] = Counter()
        self.failures = 0  # in a row without a valid frame
        self.trouble: Trouble | None = None  # of the last failure
        self._jitter = jitter
        self._first, self._most = first, most
        self._again = 0.0
        self._taken: set[Step] = set()  # in this outage

    def failed(self, trouble: Trouble, now: float) -> None:
        """An attempt came to nothing, or a connection is lost."""
        self.failures += 1
        self.trouble = trouble
        delay = min(self._most, self._first * 2 ** min(self.failures - 1, 10))
        self._again = now + delay * (0.5 + 0.5 * self._jitter())

    def healthy(self) -> None:
        """A valid frame came: the outage, if there was one, is over."""
        self.failures = 0
        self.trouble = None
        self._taken.clear()

    def wait(self, now: float) -> float:
        """Seconds until the next attempt may begin."""
        return max(0.0, self._again - now) if self.failures else 0.0

    @property
    def step(self) -> Step:
        """What to do in the next attempt; connecting belongs to every one."""
        if not self.failures:
            return Step.RECONNECT
        if self.trouble is Trouble.ADAPTER_OFF and self.failures > 1:
            return Step.POWER_CYCLE
        step = LADDER[(self.failures - 1) % len(LADDER)]
        if step is Step.REMOVE and self.trouble in REMOVE_USELESS:
            return Step.RECONNECT
        if step is Step.POWER_CYCLE and self.trouble not in ADAPTER_SUSPECT:
            return Step.RECONNECT
        return step

    @property
    def doubts_adapter(self) -> bool:
        """Whether the attempt after this one would switch the adapter off and on, if that is to blame."""
        return LADDER[self.failures % len(LADDER)] is Step.POWER_CYCLE

    @property
    def search(self) -> bool:
        """Whether to look for the device on the air although BlueZ has an object of it."""
        return self.trouble in SEARCH_AFTER

    @property
    def turn(self) -> int:
        """Which of several adapters is to be tried: 0 the best one, 1 the next, and so on round and round."""
        return self.failures // SWITCH_ADAPTER

    def count(self, step: Step) -> bool:
        """Note that a step was taken; True for the first of its kind in this outage: it is worth a line in the log."""
        self.counters[step] += 1
        fresh = step not in self._taken
        self._taken.add(step)
        return fresh


class PowerCycles:
    """When one adapter may be switched off and on: seldom, and more seldom when it has not helped."""

    def __init__(self) -> None:
        self._again = 0.0
        self._apart = POWER_CYCLE_APART

    def due(self, now: float) -> bool:
        """Whether enough time has gone by."""
        return now >= self._again

    def done(self, now: float) -> None:
        """The adapter was switched off and on."""
        self._again = now + self._apart
        self._apart = min(POWER_CYCLE_MOST, 2 * self._apart)

    def helped(self) -> None:
        """A battery on this adapter lives."""
        self._apart = POWER_CYCLE_APART
