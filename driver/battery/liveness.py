"""Whether a BMS that sends frames is alive: a repeated frame is silence, whatever its checksum says."""

from .reading import Reading


class Liveness:
    """Watches the tick of one battery's readings: a frame counter, an uptime, a runtime."""

    def __init__(self) -> None:
        self._tick: int | None = None
        self.moved_at = 0.0  # monotonic s; a silent BMS was last heard then
        self._seen_at = 0.0
        self._seen_to_move = False

    def alive(self, reading: Reading, now: float) -> bool:
        """Whether this reading, received at monotonic second `now`, is a new one.

        A tick that some units never move (`tick_may_rest`) counts only after it was seen to move: a resting pack
        with runtime 0 repeats itself and lives. Such a tick rests too while the BMS is off, so that after a long
        silence the watch begins anew; half a period, because a BMS that lives has moved it in less than that.
        """
        silence, self._seen_at = now - self._seen_at, now
        if reading.tick is None:
            return True
        if reading.tick != self._tick:
            self._seen_to_move = self._tick is not None
            self._tick, self.moved_at = reading.tick, now
            return True
        if reading.tick_may_rest:
            if not self._seen_to_move:
                return True
            if silence > reading.tick_period / 2:
                self.moved_at = now
        return now - self.moved_at <= reading.tick_period
