"""The mean discharge current, from which a time to go is made that does not jump with every load."""

from dataclasses import replace

from .reading import Reading

TIME = 300.0  # s, time constant


class MeanCurrent:
    """Of one battery, reading by reading. It begins anew with each discharge."""

    def __init__(self) -> None:
        self._mean: float | None = None  # A

    def take(self, now: Reading, elapsed: float) -> Reading:
        """The reading, `elapsed` s after the one before, with its mean while it discharges."""
        if now.current is None or now.current >= 0:
            self._mean = None
            return now
        mean = now.current if self._mean is None else self._mean
        self._mean = mean + (now.current - mean) * min(1.0, elapsed / TIME)
        return replace(now, mean_current=self._mean)
