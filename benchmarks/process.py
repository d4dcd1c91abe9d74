"""What the kernel says of a running process."""

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Usage:
    """One look at a process."""

    cpu: float  # s on a processor, all threads
    switches: int  # times it went to sleep by itself
    resident: float  # MB of RSS
    private: float  # MB that it shares with nobody

    @classmethod
    def of(cls, pid: int) -> "Usage":
        """Look now. Nanosecond clock of the scheduler where the kernel keeps one, else its ticks of 10 ms."""
        process = Path("/proc", str(pid))
        cpu, switches = 0.0, 0
        for task in (process / "task").iterdir():
            cpu += int((task / "schedstat").read_text().split()[0]) / 1e9
            status = dict(line.split(":", 1) for line in (task / "status").read_text().splitlines() if ":" in line)
            switches += int(status["voluntary_ctxt_switches"])
        memory = dict(line.split(":", 1) for line in (process / "status").read_text().splitlines() if ":" in line)
        return cls(cpu, switches, _megabytes(memory["VmRSS"]), _megabytes(memory["RssAnon"]))


def _megabytes(text: str) -> float:
    return int(text.split()[0]) / 1024
