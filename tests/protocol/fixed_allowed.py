"""Where a recorded frame is odd: (set, claim) -> how often. Each is a fact about a device, not about a table."""

ODD = {
    # a BMS that was switched on a moment before
    ("ble_jk02_24s_mppsolar_jk02_test_responses", "no balancing, no current"): 1,
    ("ble_jk02_24s_mppsolar_jk02_test_responses", "MOSFETs near the cells"): 1,
    ("ble_jk02_24s_mppsolar_jk02_test_responses", "spread of the cells"): 1,
    ("ble_jk02_24s_mppsolar_jk02_test_responses", "lowest cell"): 1,
    ("ble_jk02_24s_mppsolar_jk02_test_responses", "state of charge"): 1,
    ("ble_jk02_24s_mppsolar_jk02_test_responses", "one temperature"): 1,
    # two samples of a pack that was switched off and on
    ("ble_jk02_32s_detail_log_b2a8s20p_19.10_ipazanin", "pack"): 2,
    # frames that the source has edited, to try its own code
    ("ble_jk02_32s_pb_charge_status_syssi_faker", "the third is the MOSFETs'"): 2,
    ("ble_jk02_32s_pb_charge_status_syssi_faker", "what is rarely so"): 1,
    # the app turns switches and counts cells while this is recorded: states are a frame behind
    ("ble_jk04_btsnoop_hci_jk_b2a16s_hw30_sw330_cmds_btsnoop", "balancing, and a current"): 7,
    ("ble_jk04_btsnoop_hci_jk_b2a16s_hw30_sw330_cmds_btsnoop", "its other sign"): 4,
    ("ble_jk04_btsnoop_hci_jk_b2a16s_hw30_sw330_cmds_btsnoop", "its sign"): 3,
    ("ble_jk04_btsnoop_hci_jk_b2a16s_hw30_sw330_cmds_btsnoop", "the mask counts the cells"): 1,
    ("ble_jk04_btsnoop_hci_jk_b2a16s_hw30_sw330_cmds_btsnoop", "cells"): 1,
    ("ble_jk04_btsnoop_hci_jk_b2a16s_hw30_sw330_cmds_btsnoop", "mean of the cells"): 1,
    ("ble_jk04_btsnoop_hci_jk_b2a16s_hw30_sw330_cmds_btsnoop", "spread of the cells"): 1,
    ("ble_jk04_btsnoop_hci_jk_b2a16s_hw30_sw330_cmds_btsnoop", "lowest cell"): 1,
    ("ble_jk04_btsnoop_hci_jk_b2a16s_hw30_sw330_cmds_btsnoop", "cells as set"): 1,
    # 24 cells, one of them with a wire of 0.4 ohms
    ("ble_jk04_mppsolar_jk04_test_responses", "wires"): 2,
    ("ble_jk04_mppsolar_jk04_test_responses", "highest cell"): 1,
    # one frame was lost, or came twice
    ("ble_jk02_24s_bd6a17s6p_7.1.0h_syssi_pdus", "frames are counted"): 1,
    ("ble_jk02_24s_btsnoop_hci_jk_b1a20s15p_hw10xw_sw1007_btsnoop", "frames are counted"): 1,
    ("ble_jk02_32s_b2a20s20p_11.288h_heating_off_on_transposed", "frames are counted"): 2,
    ("ble_jk02_32s_b2a8s30p_19.07_syssi_faker2", "frames are counted"): 1,
    ("ble_jk02_32s_can_rs485_can_rs485_can_btsnoop_btsnoop", "frames are counted"): 2,
    ("ble_jk02_32s_heating_setting_switch_on_off_main_settings_main_settings_btsnoop_btsnoop", "frames are counted"): 2,
    ("ble_jk04_btsnoop_hci_jk_b2a16s_hw30_sw330_cmds_btsnoop", "frames are counted"): 2,
    # the MOSFET follows the alarm by a few frames
    ("ble_jk02_32s_b2a20s20p_11.288h_heating_off_on_transposed", "no charging while it is cold"): 9,
    ("ble_jk02_32s_b2a20s20p_11.288h_heating_off_on_transposed", "charging as set"): 9,
    ("ble_jk02_32s_can_rs485_can_rs485_can_btsnoop_btsnoop", "no charging while it is cold"): 3,
    ("ble_jk02_32s_can_rs485_can_rs485_can_btsnoop_btsnoop", "charging as set"): 3,
    (
        "ble_jk02_32s_heating_setting_switch_on_off_main_settings_main_settings_btsnoop_btsnoop",
        "no charging while it is cold",
    ): 3,
    ("ble_jk02_32s_heating_setting_switch_on_off_main_settings_main_settings_btsnoop_btsnoop", "charging as set"): 3,
    # the BMS has found the battery to be smaller than it was set
    ("ble_jk02_32s_b2a8s30p_19.04_batmon_issue377", "capacity as set"): 1,
    # the device info was asked for on another day
    ("ble_jk02_32s_pb2a16s20p_15.38_bmsble_history", "device info counts the same time"): 1,
}

# what a source works out for itself, and what the frame says: see section 2 of the index of the recordings
WORKED_OUT = {
    ("balancer_17s_syssi_test", "delta_cell_voltage_V"),
}
