"""The models and firmware that are known, the protocols that they speak, and which of them a recorded frame proves.

The list is that of syssi/esphome-jk-bms, together with the devices of all recordings and of its issues. From software
11 on a JK02 has the columns 32S, before it 24S; every JK BMS with software 6.0 or newer speaks jk-uart.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

PROBABLY = "probably"  # begins the remark on a recording that does not name its model


@dataclass(frozen=True, slots=True)
class Protocol:
    """What a device may speak."""

    name: str  # as config.ini writes it
    label: str  # for people
    sets: str  # how the names of its frame sets begin
    unproven: str  # what no recorded frame tells


@dataclass(frozen=True, slots=True)
class Device:
    """One model with one firmware."""

    model: str
    hardware: str
    software: str
    protocols: tuple[Protocol, ...]
    remark: str
    recorded: tuple[str, ...]  # sets of frames that it sent

    @property
    def proven(self) -> bool:
        """Whether it is certain that it sent one of them."""
        return bool(self.recorded) and not self.remark.startswith(PROBABLY)

    def sets_of(self, protocol: Protocol) -> tuple[str, ...]:
        """Those in this protocol."""
        return tuple(name for name in self.recorded if name.startswith(protocol.sets))


PROTOCOLS: Mapping[str, Protocol] = {
    "jk-uart": Protocol(
        "jk-uart",
        "UART-TTL, port RS485 or GPS",
        "uart_",
        "temperatures below 0 °C (the coldest recording has 3 °C, and the vendor's text decides); all alarms but "
        "under-voltage and low temperature; waking a sleeping BMS; protocol version 0, known from the vendor's example "
        "alone: it is shown and does not control",
    ),
    "24S": Protocol(
        "jk-ble",
        "Bluetooth, JK02 24S",
        "ble_jk02_24s",
        "every alarm: no frame with one was recorded, and the bits are taken to be those of 32S; heating current, "
        "duties and countdowns, from which nothing follows",
    ),
    "32S": Protocol(
        "jk-ble",
        "Bluetooth, JK02 32S",
        "ble_jk02_32s",
        "all alarms but cell count, cell over-voltage, charge MOSFET, low charge temperature and wire resistance; "
        "settings of temperatures below 0 °C; all countdowns but that of the over-voltage release",
    ),
    "JK04": Protocol(
        "jk-ble",
        "Bluetooth, JK04",
        "ble_jk04",
        "one number of the settings, which nobody understands; the device tells no current, state of charge or "
        "temperature: it is shown and does not control",
    ),
    "v1": Protocol(
        "neey",
        "Bluetooth, NEEY v1",
        "neey_",
        "alarms: no balancer with a fault was recorded; it is shown and does not control",
    ),
    "v2": Protocol(
        "neey",
        "Bluetooth, NEEY v2",
        "neey_v2",
        "alarms, and whatever changes from frame to frame: only one was recorded; it is shown and does not control",
    ),
    "jk-pb": Protocol(
        "jk-pb",
        "RS485, PB inverter BMS",
        "pb_",
        "firmware other than 15.10 and 15.41 on RS485; what is unproven of JK02 32S, whose frames these are; after how "
        "long a pause firmware from 15.36 on ignores a request",
    ),
    "jk-balancer": Protocol(
        "jk-balancer",
        "RS485, 9600 baud",
        "balancer_",
        "which way it moves charge: no balancer was recorded at work; whether a board counts its temperature in "
        "degrees or in tenths; it is shown and does not control",
    ),
}


def devices() -> Iterator[Device]:
    """All of them, in the order of the list."""
    lines = DEVICES.strip().splitlines()
    heads = [number for number, text in enumerate(lines) if not text.startswith(" ")]
    for begin, end in zip(heads, [*heads[1:], len(lines)], strict=True):
        model, hardware, software, spoken, *remark = (part.strip() for part in lines[begin].split("|"))
        protocols = tuple(PROTOCOLS[name] for name in spoken.split())
        recorded = tuple(name.strip() for name in lines[begin + 1 : end])
        yield Device(model, hardware, software, protocols, "".join(remark), recorded)


# model | hardware | software | protocols | remark, and below it the names of recorded sets
DEVICES = """
JK-BD4A8S4P | 11.xw | 11.24 | jk-uart 32S
JK-BD6A17S6P | 7.2 | 7.1.0H | jk-uart 24S | recorded with hardware: 7.X
    ble_jk02_24s_bd6a17s6p_7.1.0h_syssi_pdus
    ble_jk02_24s_btsnoop_hci_jk_bd6a17s6p_hw72_sw710h_btsnoop
    uart_16s_bd6a17s6p_7.1.0h_syssi_pdus
JK-BD6A17S8P | 9.x | 9.01G | jk-uart 24S
JK-BD6A20S10P | 10.XW | 10.07 | jk-uart 24S
JK-BD6A20S12P | 11.XW | 11.281 | jk-uart 32S
JK-BD6A20S6P | 11.XW | 11.42 | jk-uart 32S
JK-BD6A24S6P | 6.x | 6.10S | jk-uart 24S
JK-BD6A24S10P | 8.x | 8.0.6G | jk-uart 24S
    ble_jk02_24s_btsnoop_hci_jk_bd6a24s10p_hw8x_sw806g_btsnoop
JK-BD6A24S10P | 10.xw | 10.09 | jk-uart 24S
JK-BD6A24S12P | 11.XW | 11.36 | jk-uart 32S
JK-BD6A24S12P | 11.XW | 11.42 | jk-uart 32S
JK-BD4A17S4P | 11.xw | 11.01 | jk-uart 32S
JK-BD4A17S4P | 11.xw | 11.27 | jk-uart 32S
JK-B1A8S10P | 11.XW | 11.261 | jk-uart 32S
JK-B1A8S20P | 19.h | 19.31 | jk-uart 32S
JK-B1A16S15P | 11.5 | 11.261 | jk-uart 32S
JK-B1A24S15P | 8.x | 8.1.0H | jk-uart 24S
JK-B1A20S15P | 8.x | 8.14U | jk-uart 24S
JK-B1A20S15P | 10.xw | 10.07 | jk-uart 24S
    ble_jk02_24s_b1a20s15p_10.07_syssi_pdus
    ble_jk02_24s_btsnoop_hci_jk_b1a20s15p_hw10xw_sw1007_btsnoop
JK-B1A20S15P | 10.xw | 10.10 | jk-uart 24S
JK-B1A20S15P | 11.xw | 11.26 | jk-uart 32S
JK-B2A24S15P | 6.x | 6.1.3S | jk-uart 24S | probably this one: the frame does not name its model
    uart_14s_h6.x_s6.1.3s_syssi
JK-B2A24S15P | 8.x | 8.21W | jk-uart 24S
JK-B2A24S15P | 10.xw | 10.07 | jk-uart 24S
    ble_jk02_24s_16s_syssi_source_comments
JK-B2A24S15P | 10.xw | 10.08 | jk-uart 24S
JK-B2A24S15P | 10.xw | 10.10 | jk-uart 24S
JK-B2A24S20P | 8.x | 8.1.2H | jk-uart 24S
JK-B2A24S20P | 8.x | 8.20G | jk-uart 24S
JK-B2A24S20P | 10.X-W | 10.02 | jk-uart 24S
    ble_jk02_24s_b2a24s20p_10.02_batmon_dummy
JK-B2A24S20P | 10.XG | 10.07D30 | jk-uart 24S | the recorded unit says 10.XG and 10.07
    ble_jk02_24s_b2a24s20p_10.07_syssi_test
    ble_jk02_24s_b2a24s20p_10.07_syssi_faker
    ble_jk02_24s_b2a24s20p_10.07_syssi_pdus
    uart_13s_b2a24s20p_10.07_syssi_pdus
JK-B2A24S20P | 10.XW | 10.07 | jk-uart 24S | recorded with hardware: 10.X, 10.XG
    ble_jk02_24s_b2a24s20p_10.07_syssi_test
    ble_jk02_24s_b2a24s20p_10.07_syssi_faker
    ble_jk02_24s_b2a24s20p_10.07_syssi_pdus
    uart_13s_b2a24s20p_10.07_syssi_pdus
JK-B2A24S20P | 10.XW | 10.09 | jk-uart 24S
JK-B2A8S20P | 9.x | 9.01M3 | jk-uart 24S
JK-B2A8S20P | 9.x | 9.08W | jk-uart 24S
JK-B2A8S20P | 11.XW | 11.17 | jk-uart 32S
    ble_jk02_32s_b2a8s20p_11.17_syssi_pdus
JK-B2A8S20P | 11.XW | 11.26 | jk-uart 32S
    ble_jk02_32s_b2a8s20p_11.26_settings_syssi_pdus
JK-B2A8S20P | 11.XA | 11.48 | jk-uart 32S
    ble_jk02_32s_b2a8s20p_11.48_16s_bmsble_history
JK-B2A20S20P | 10.XW | 10.09 | jk-uart 24S
JK-B2A20S20P | 10.XW | 10.10 | jk-uart 24S
JK-B2A20S20P | 10.XW | 11.21h | jk-uart 32S
JK-B2A20S20P | 11.XW | 11.24H | jk-uart 32S
JK-B2A20S20P | 11.XW | 11.25H | jk-uart 32S
JK-B2A20S20P | 11.XW | 11.284 | jk-uart 32S
JK-B2A20S20P | 11.XA | 11.48 | jk-uart 32S
JK-B2A20S20P | 11.U | 11.54 | jk-uart 32S
JK-B5A24S | 8.x | 8.0.3M | JK04
    ble_jk04_b5a24s_8.0.3m_syssi_test
    ble_jk04_b5a24s_8.0.3m_syssi_faker
    ble_jk04_b5a24s_8.0.3m_syssi_docs
    ble_jk04_bt_snoop_jk_b5a24s_btsnoop
JK-B2A16S | 3.0 | 3.3.0 | JK04
    ble_jk04_b2a16s_3.3.0_syssi_test
    ble_jk04_b2a16s_3.3.0_syssi_faker
    ble_jk04_b2a16s_3.3.0_syssi_pdus
    ble_jk04_b2a16s_3.3.0_syssi_source_comments
    ble_jk04_btsnoop_hci_jk_b2a16s_hw30_sw330_btsnoop
GW-24S4EB | HW-2.8.0 | ZH-1.2.3 | v1
    neey_v1_syssi_faker
    neey_v1_syssi_source_comments
    neey_v1_gw_24s4eb_zh1.2.3_powermon_test
GW-24S4EB | HW-3.2.0 | ZH-1.2.4 | v1
EK-24S15EB |  |  | v1
EK-24S10EB | HW-1.1.5 | SW-1.1.1 | v1
JK-B2A24S150P | 10.xw | 10.10 | jk-uart 24S | so printed; JK-B2A24S15P is meant
JK-BD6A20S6P |  |  | jk-uart 32S | listed without versions
EK-24S4EB | HW-3.2.0 | ZH-2.0.8 | v1
    neey_v1_ek_24s4eb_zh2.0.8_syssi_docs
    neey_v1_ek_24s4eb_syssi_faker
    neey_ek_24s4eb_zh208_btsnoop
EK-24S4EB | HW-3.2.0 | ZH-2.1.1 | v1
    neey_v1_ek_24s4eb_zh2.1.1_syssi_test
    neey_ek_24s4eb_zh211_btsnoop
EK-B24S8E200A | HW-2.0.0 | SW-2.0.0 | v2
    neey_v2_ek_b24s8e200a_sw2.0.0_syssi_test
    neey_v2_ek_b24s8e200a_syssi_faker
GW-24S4EB | HW-2.8.0 | SW-1.1.0 | v1
    neey_v1_gw_24s4eb_sw1.1.0_syssi_test
    neey_v1_gw_24s4eb_syssi_faker
    neey_gw_24s4eb_sw110_btsnoop
JK-B1A24S | 3.0 | 3.1.2 | JK04 jk-balancer | on RS485 recorded without versions
    ble_jk04_b1a24s_3.1.2_jblance
    balancer_17s_syssi_pdus
    balancer_20s_syssi_pdus
JK-B1A24S15P | 11.XW | 11.262H | jk-uart 32S
    uart_16s_b1a24s15p_11.262h_discharging_opendtu
    uart_16s_b1a24s15p_11.262h_undervoltage_alarm_opendtu
    uart_16s_b1a24s15p_11.262h_undertemperature_alarm_opendtu
JK-B1A8S20P | 11.XA | 11.51 | jk-uart 32S
    uart_7s_b1a8s20p_11.51_public
JK-B2A20S20P | 11.XW | 11.26 | jk-uart 32S
    uart_16s_b2a20s20p_11.26_arminjo_idle
    uart_16s_b2a20s20p_11.26_arminjo_charging
JK-B2A20S20P | 11.XW | 11.288H | jk-uart 32S
    ble_jk02_32s_b2a20s20p_11.288h_heating_syssi_faker
    ble_jk02_32s_b2a20s20p_11.288h_heating_off_on_transposed
    ble_jk02_32s_can_rs485_can_rs485_can_btsnoop_btsnoop
    ble_jk02_32s_heating_setting_switch_on_off_main_settings_main_settings_btsnoop_btsnoop
JK-B2A25SRP | 11A | 11.55 | jk-uart 32S
    ble_jk02_32s_b2a25srp_11.55_syssi_faker
JK-B2A8S20P | 19H | 19.10 | jk-uart 32S
    ble_jk02_32s_logbook_b2a8s20p_19.10_ipazanin
    ble_jk02_32s_detail_log_b2a8s20p_19.10_ipazanin
JK-B2A8S30P | 19H | 19.04 | jk-uart 32S
    ble_jk02_32s_b2a8s30p_19.04_batmon_issue377
JK-B2A8S30P | 19H | 19.07 | jk-uart 32S
    ble_jk02_32s_b2a8s30p_19.07_syssi_faker2
JK-BD6A20S10P | 4.0 | 4.1.7 | 24S
    ble_jk02_24s_bd6a20s10p_4.1.7_jblance
JK-PB2A16S15P | 14.XA | 14.20 | jk-pb 32S
    ble_jk02_32s_pb2a16s15p_14.20_syssi_test_v11
    ble_jk02_32s_pb2a16s15p_14.20_syssi_test_v14
    ble_jk02_32s_pb2a16s15p_14.20_syssi_faker_v11
    ble_jk02_32s_pb2a16s15p_14.20_syssi_faker_v14
JK-PB2A16S15P | 15.XA | 15.10 | jk-pb 32S
    pb_rs485_pb2a16s15p_15.10_mppsolar_test_responses
JK-PB2A16S15P | 15A | 15.38 | jk-pb 32S
    ble_jk02_32s_pb2a16s15p_15.38_syssi_test
    ble_jk02_32s_pb2a16s15p_15.38_syssi_faker
JK-PB2A16S20P | 15A | 15.37 | jk-pb 32S
    ble_jk02_32s_pb2a16s20p_15.37_dry_contacts_syssi_faker
JK-PB2A16S20P | 15A | 15.38 | jk-pb 32S
    ble_jk02_32s_pb2a16s20p_15.38_bmsble_history
JK-PB2A16S20P | 15A | 15.41 | jk-pb 32S
    ble_jk02_32s_pb2a16s20p_15.41_heating_settings_syssi_docs
    pb_rs485_pb2a16s20p_15.41_mrmanuel_test
    ble_jk02_32s_heating_start_stop_setting_btsnoop
JK-PB2A16S20P |  | 15.x | jk-pb 32S
    ble_jk02_32s_pb_charge_status_syssi_faker
JK-PB2A16S20P | 19H | 19.05 | jk-pb 32S
    ble_jk02_32s_pb2a16s20p_19.05_syssi_faker
JK-PB2A16S20P | 19A | 19.27 | jk-pb 32S
    ble_jk02_32s_pb2a16s20p_19.27_syssi_test
    ble_jk02_32s_pb2a16s20p_19.27_syssi_faker
JK-B2A24S | 3.0 |  | JK04 jk-balancer
JK-DZ11-B2A24S |  |  | jk-balancer | the vendor's document has examples
JK-DZ11-B2A24S | 11U | 11.55 | 32S
JK-B1A20S15P | 11A | 11.52 | jk-uart 32S
JK-B1A20S15P | 18H | 18.00 | jk-uart 32S
JK-B2A8S20P | 19H | 19.31 | jk-uart 32S
JK-B2A24S15P | 11.XW | 11.288 | jk-uart 32S
JK-PB2A16S15P | 15A | 15.33 | jk-pb 32S
JK-PB2A16S20P | 19A | 19.26 | jk-pb 32S
JK-B2A20S20P | 11.XA | 11.51 | jk-uart 32S
"""
