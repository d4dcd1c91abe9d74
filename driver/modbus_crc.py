"""The checksum of Modbus RTU, which JK's bus triggers and acknowledges carry too."""


def crc16(data: bytes) -> int:
    """Modbus CRC; 0 over bytes that end with their own, low byte first."""
    crc = 0xFFFF
    for byte in data:
        crc ^= byte
        for _ in range(8):
            crc = crc >> 1 ^ (0xA001 if crc & 1 else 0)
    return crc
