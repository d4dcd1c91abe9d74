"""JK02 cell info: the live values of JK BMSs, record type 2 of the frames `55 AA EB 90` (Bluetooth, and PB on RS485).

Sources, cited in the rows: [S] syssi/esphome-jk-bms; [P] the vendor's register PDF "JK BMS RS485 Modbus" V1.0 and V1.1,
whose byte offsets are those of 32S less 6; [A] patman15/aiobmsble; [B] fl4p/batmon-ha; [V] mr-manuel's serialbattery;
[M] jblance/mpp-solar; [R] about 4000 recorded frames of firmware 4.1.7 to 19.27.
Everything is little-endian. The columns are 24S (software 4 to 10) and 32S (software 11 and later).
"""

from enum import IntEnum, IntFlag

from .kinds import LITTLE, MILLI_I16, MILLI_I32, MILLI_U16, MILLI_U32, U8, U16, U32, Float, Many, Sensor
from .layout import at, layout
from .rows import Coded, Number, Switch

SIZE = 300  # bytes of every frame


class Variant(IntEnum):
    """The columns of the tables."""

    S24 = 0
    S32 = 1


class AlarmBits(IntFlag):
    """Alarms; 24S has the first 16. Not the alarm table of the UART protocol: the numbers differ."""

    WIRE_RESISTANCE = 1 << 0
    MOS_OVER_TEMPERATURE = 1 << 1
    CELL_COUNT = 1 << 2
    CURRENT_SENSOR = 1 << 3  # [P] so; [S] unused: the rarer claim is the safer one
    CELL_OVER_VOLTAGE = 1 << 4  # [P][V] so, [S] "battery is fully charged"; [R] 11.17: set as over-voltage tripped
    PACK_OVER_VOLTAGE = 1 << 5
    CHARGE_OVER_CURRENT = 1 << 6
    CHARGE_SHORT_CIRCUIT = 1 << 7
    CHARGE_OVER_TEMPERATURE = 1 << 8
    CHARGE_UNDER_TEMPERATURE = 1 << 9
    COPROCESSOR = 1 << 10
    CELL_UNDER_VOLTAGE = 1 << 11  # [P][S] so; [V] pack: neither recorded, and both stop discharging
    PACK_UNDER_VOLTAGE = 1 << 12  # [P][S] so; [V] cell, and a low state of charge
    DISCHARGE_OVER_CURRENT = 1 << 13
    DISCHARGE_SHORT_CIRCUIT = 1 << 14
    DISCHARGE_OVER_TEMPERATURE = 1 << 15
    CHARGE_MOSFET = 1 << 16
    DISCHARGE_MOSFET = 1 << 17
    GPS_DISCONNECTED = 1 << 18
    FACTORY_PASSWORD = 1 << 19  # "modify the password in time": information, no alarm
    DISCHARGE_START_FAILED = 1 << 20
    BATTERY_OVER_TEMPERATURE = 1 << 21
    TEMPERATURE_SENSOR = 1 << 22
    PARALLEL_MODULE = 1 << 23
    SHORT_CIRCUIT_RELEASE = 1 << 24
    DISCHARGE_OVER_CURRENT_2 = 1 << 25
    DISCHARGE_OVER_CURRENT_3 = 1 << 26
    DISCHARGE_UNDER_TEMPERATURE = 1 << 27
    GPS_LOCK = 1 << 28


class Balancing(IntEnum):
    """What the balancer does to a cell."""

    OFF = 0
    CHARGING = 1
    DISCHARGING = 2


class ChargeStatus(IntEnum):
    """How far the charge is, in the BMS's own count."""

    BULK = 0
    ABSORPTION = 1
    FLOAT = 2


class BatteryType(IntEnum):
    """Chemistry as it was set in the app; 11.x sends LFP whatever it is."""

    LFP = 0
    LI_ION = 1
    LTO = 2


class Sensors(IntFlag):
    """Temperature sensors that are present. [R] 32S sets all of them, also where some are absent."""

    MOS = 1 << 0
    T1 = 1 << 1
    T2 = 1 << 2
    T3 = 1 << 3
    T4 = 1 << 4
    T5 = 1 << 5


class DryContacts(IntFlag):
    """Relay outputs that are closed."""

    DRY_1 = 1 << 1
    DRY_2 = 1 << 2


CELLS = (Many(24, MILLI_U16), Many(32, MILLI_U16))
ALARMS = (Coded(2, AlarmBits, LITTLE), Coded(4, AlarmBits, LITTLE))
CENTI, TENTH = Number(2, 100, order=LITTLE), Number(4, 10, order=LITTLE)
SENSOR, ON_OFF = Sensor(), Switch()


# fmt: off
@layout(SIZE, SIZE)
class CellInfo:
    """Live values, record type 2."""

    counter: int                    = at((5, 5), U8, "", "counts frames on Bluetooth; rests on RS485 [R]")
    cells: tuple[float, ...]        = at((6, 6), CELLS, "V", "slots without a cell are 0")
    cell_mask: int                  = at((54, 70), U32, "", "bit n: cell n + 1 is there")
    average_cell: float             = at((58, 74), MILLI_U16, "V", "[V] calls it the highest; [R] it is the mean")
    cell_difference: float          = at((60, 76), MILLI_U16, "V", "of another moment than the cells: up to 90 mV off")
    highest_cell: int               = at((62, 78), U8, "", "index from 0")
    lowest_cell: int                = at((63, 79), U8, "", "index from 0")
    wire_resistances: tuple[float, ...] = at((64, 80), CELLS, "Ω", "of the sense wires")
    mos_temperature: float | None   = at((134, 144), SENSOR, "°C")
    wire_alarms: int                = at((114, 146), U32, "", "bit n: the wire of cell n + 1 [S][P]")
    voltage: float                  = at((118, 150), MILLI_U32, "V", "the sum of the cells")
    power: float                    = at((122, 154), MILLI_U32, "W", "magnitude only, lags by a frame [R]")
    current: float                  = at((126, 158), MILLI_I32, "A", "positive: charging; [B] negates it")
    temperature_1: float | None     = at((130, 162), SENSOR, "°C", "signed; [V] takes 99 and more as a code: wrong [R]")
    temperature_2: float | None     = at((132, 164), SENSOR, "°C")
    alarms: int                     = at((136, 166), ALARMS, "", "old releases of [S] read it byte-swapped")
    balance_current: float          = at((138, 170), MILLI_I16, "A")
    balancing: int                  = at((140, 172), Coded(1, Balancing))
    state_of_charge: int            = at((141, 173), U8, "%")
    remaining: float                = at((142, 174), MILLI_I32, "Ah", "[P] signed, [S] not: nothing tells them apart")
    full_capacity: float            = at((146, 178), MILLI_U32, "Ah", "as set, or as the BMS has found it to be [R]")
    cycles: int                     = at((150, 182), U32)
    cycle_capacity: float           = at((154, 186), MILLI_U32, "Ah", "over the battery's life")
    state_of_health: int            = at((158, 190), U8, "%", "0 where it is not known [R]")
    precharge: int                  = at((159, 191), U8, "", "state")
    user_alarm: int                 = at((160, 192), U16, "", "24S: any value; not an alarm [R]")
    runtime: int                    = at((162, 194), U32, "s", "since the first power-up")
    charge_mosfet: bool | None      = at((166, 198), ON_OFF)
    discharge_mosfet: bool | None   = at((167, 199), ON_OFF)
    user_alarm_2: int               = at((168, 200), U16, "", "[P]; [S] precharging and balancer: 24S holds 2632 [R]")
    discharge_over_current_release: int  = at((170, 202), U16, "s")
    discharge_short_circuit_release: int = at((172, 204), U16, "s")
    charge_over_current_release: int     = at((174, 206), U16, "s")
    charge_short_circuit_release: int    = at((176, 208), U16, "s")
    under_voltage_release: int           = at((178, 210), U16, "s", "of a cell")
    over_voltage_release: int            = at((180, 212), U16, "s", "of a cell")
    sensors: int                    = at((182, 214), Coded(1, Sensors), "", "1: present; [P] says absent, [A] an i16")
    heating: bool | None            = at((183, 215), ON_OFF, "", "24S: on in 4.1.7 whatever it does [R]")
    emergency_time: int             = at((186, 218), U16, "s", "0: no emergency")
    current_correction: int         = at((188, 220), U16)
    charge_sensor: float            = at((190, 222), MILLI_U16, "V", "of the current sensor")
    discharge_sensor: float         = at((192, 224), MILLI_U16, "V", "of the current sensor")
    voltage_correction: float | None = at((194, 226), Float(), "", "[S] prints it as an integer")
    charge_duty: int                = at((198, 230), U16, "", "of the balancer [P V1.0]")
    discharge_duty: int             = at((200, 232), U16, "", "of the balancer [P V1.0]")
    voltage_again: float | None     = at((None, 234), CENTI, "V", "[P][R]; [S] a float. 24S holds something else [R]")
    heating_current: float          = at((204, 236), MILLI_I16, "A", "holds anything while nothing is heated [R]")
    charger_plugged: bool | None    = at((213, 245), ON_OFF)
    uptime: float                   = at((214, 246), TENTH, "s", "0 in 4.1.7 [R]")
    protection_time: float          = at((218, 250), TENTH, "s", "[P V1.0]; 0 [R]")
    temperature_3: float | None     = at((None, 254), SENSOR, "°C", "[P]; [S] T5, [A] a MOSFET's: mostly that one [R]")
    temperature_4: float | None     = at((None, 256), SENSOR, "°C", "[P] and the vendor's display; [V] T3")
    temperature_5: float | None     = at((None, 258), SENSOR, "°C", "[P] and the vendor's display; [S] T3, [V] T4")
    clock: int | None               = at((None, 262), U32, "s", "since 2020-01-01 00:00, local time")
    log_entries: int | None         = at((None, 266), U32, "", "of the detail log [S]")
    time_to_sleep: int | None       = at((None, 270), U32, "s")
    parallel_limiting: bool | None  = at((None, 274), ON_OFF, "", "parallel current limiting module")
    battery_type: int | None        = at((None, 275), Coded(1, BatteryType))
    charge_status_time: int | None  = at((None, 278), U16, "s", "in this charge status")
    charge_status: int | None       = at((None, 280), Coded(1, ChargeStatus), "", "software 15 and later")
    dry_contacts: int | None        = at((None, 281), Coded(1, DryContacts))
# fmt: on
