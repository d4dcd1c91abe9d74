"""What one battery has to say goes into the log when it begins and when it ends, not while it lasts."""

import logging

from .battery.controller import Outcome
from .battery.loss import Presence
from .logs import Log

CHANGE_IT = "whoever is near can change its settings with the JK app; set another one there"


class Announcements:
    """The log of one battery's outcomes."""

    def __init__(self, log: Log) -> None:
        self._log = log
        self._state = (Presence.LIVE, "")
        self._alarms: tuple[str, ...] = ()
        self._conflicts: tuple[str, ...] = ()
        self._passcode_told = False

    def take(self, outcome: Outcome) -> None:
        """Log what differs from the outcome before."""
        state = outcome.presence, outcome.explanation
        if state != self._state:
            self._state = state
            level = logging.INFO if outcome.presence is Presence.LIVE else logging.WARNING
            self._log.log(
                level, "%s%s", outcome.presence.value, f": {outcome.explanation}" if outcome.explanation else ""
            )
        if outcome.reading is not None and outcome.reading.factory_passcode and not self._passcode_told:
            self._passcode_told = True
            self._log.warning("the BMS has the passcode of the factory: %s", CHANGE_IT)
        for sentence in outcome.conflicts:
            if sentence not in self._conflicts:
                self._log.warning("settings contradict each other: %s", sentence)
        for sentence in outcome.alarm_words:
            if sentence not in self._alarms:
                self._log.warning("alarm: %s", sentence)
        for sentence in self._alarms:
            if sentence not in outcome.alarm_words:
                self._log.info("alarm over: %s", sentence)
        self._alarms, self._conflicts = outcome.alarm_words, outcome.conflicts
