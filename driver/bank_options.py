"""The options of a bank in config.ini."""

from dataclasses import dataclass

from .battery.settings import Control
from .option_rows import choice, text
from .options import Battery

NAMES = r"[A-Za-z0-9_][A-Za-z0-9_ -]*(,\s*[A-Za-z0-9_][A-Za-z0-9_ -]*)*"


@dataclass(frozen=True, slots=True, kw_only=True)
class BankOptions:
    """Several packs on the same bus bars as one battery, which controls. NAME is yours, as that of a battery."""

    packs: str | None = text(
        None,
        NAMES,
        "names of [battery ...] sections, with commas between",
        "The packs of this bank. Without it: all that have the same number of cells and the same chemistry. A section "
        "that stands for every pack of an RS485 bus brings all of them in. A battery whose control is set to no never "
        "belongs to a bank.",
        example="house 1, house 2",
    )
    show_packs: bool = choice(
        True, {"yes": True, "no": False}, "Whether its packs are shown on the GX as well, each by itself."
    )
    id: str | None = text(
        None,
        r"[A-Za-z0-9_]{1,32}",
        "at most 32 letters, digits and _",
        "Settings and history of the bank on the GX belong to this id. Without it: NAME. Never change it later.",
        example="bank",
    )
    name: str | None = text(
        None,
        r".{1,32}",
        "at most 32 printable characters",
        "Name on the GX when the bank is seen for the first time; later it is changed on the GX.",
        example="Battery bank",
    )

    @property
    def named(self) -> tuple[str, ...]:
        """The sections that are named; none: all."""
        return tuple(name.strip() for name in (self.packs or "").split(",") if name.strip())

    def has(self, name: str, battery: Battery) -> bool:
        """Whether the pack `name` is to be in this bank."""
        if battery.control is Control.NO or battery.only_heard:
            return False
        section = name if battery.address is None else name.removesuffix(f" {battery.address}")
        return not self.named or name in self.named or section in self.named
