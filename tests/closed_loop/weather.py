"""The sun of a place: its height by latitude and day, and clouds drawn from a seed. Made up; good to charge by."""

from functools import lru_cache
from math import asin, cos, degrees, pi, radians, sin
from random import Random

DAY = 86400.0  # s
CLOUDY_STEP = 600.0  # s for which a cloud stays


class Weather:
    """Sun on the roof and warmth in the cellar, by the second of the run. Second 0 is midnight of `first_day`."""

    def __init__(self, latitude: float, *, peak: float = 6000.0, first_day: int = 60, seed: int = 1) -> None:
        """`peak` is what the panels give under a clear sun overhead, W; `first_day` counts from 1 January."""
        self.latitude, self.peak, self.first_day = latitude, peak, first_day
        self._draw = Random(1000 * seed + round(latitude))
        self._clear: list[float] = []  # share of the sky, day by day

    def solar(self, now: float) -> float:
        """W."""
        height = sin(radians(self.elevation(now)))
        return 0.0 if height <= 0.0 else self.peak * height**1.15 * self._sky(int(now // CLOUDY_STEP))

    def elevation(self, now: float) -> float:
        """Degrees that the sun stands over the horizon."""
        season = 2 * pi * (self.first_day + now / DAY - 81) / 365
        declination, hour = radians(23.44) * sin(season), 2 * pi * (now % DAY / DAY - 0.5)
        here = radians(self.latitude)
        return degrees(asin(sin(here) * sin(declination) + cos(here) * cos(declination) * cos(hour)))

    def cellar(self, now: float) -> float:
        """°C: the mean of the season with half a year's swing, and never frozen."""
        season = sin(2 * pi * (self.first_day + now / DAY - 110) / 365)
        mean = 27 - 0.35 * self.latitude + 0.15 * self.latitude * season
        return max(4.0, mean + 3 * sin(2 * pi * (now / DAY - 0.375)))

    @lru_cache(maxsize=8)  # noqa: B019 (lives as long as the run)
    def _sky(self, step: int) -> float:
        day = int(step * CLOUDY_STEP // DAY)
        while len(self._clear) <= day:  # a fine day follows a fine one, mostly
            before = self._clear[-1] if self._clear else 0.7
            self._clear.append(min(1.0, max(0.12, 0.55 * before + 0.45 * self._draw.uniform(0.0, 1.3))))
        clear = self._clear[day]
        shadow = Random(step * 7919 + round(self.latitude)).random()  # a cloud before the sun, or none
        return clear if shadow < clear else 0.35 * clear
