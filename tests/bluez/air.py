"""The air around the emulated GX: a Bluetooth controller of its, and the devices that it can hear.

All of it is Bumble, in the process of the tests. The controller's HCI comes out of a Unix socket, which is a serial
port of the emulated machine: the way the Bluetooth chip of a GX is wired. Not modelled: radio time, range, slots.
"""

import asyncio
from pathlib import Path
from typing import Any

from bumble import hci, ll
from bumble.controller import Controller
from bumble.core import UUID, AdvertisingData, PhysicalTransport
from bumble.device import Device, DeviceConfiguration
from bumble.gatt import Characteristic, CharacteristicValue, Service
from bumble.hci import Address
from bumble.link import LocalLink
from bumble.transport import open_transport
from bumble.transport.common import Transport

from tests.ble.bms import AirBms
from tests.ble.gatt import FFE0, LAYOUTS

OURS = "00:1A:7D:DA:71:13"
ADVERTISING = 200.0  # ms between advertisements
MTU = 247

FLAGS = {
    "read": Characteristic.Properties.READ,
    "write": Characteristic.Properties.WRITE,
    "write-without-response": Characteristic.Properties.WRITE_WITHOUT_RESPONSE,
    "notify": Characteristic.Properties.NOTIFY,
}
MAY = Characteristic.Permissions.READABLE | Characteristic.Permissions.WRITEABLE


class Link(LocalLink):
    """Labels data with the address that the connection really has: Bumble takes the sender's random one."""

    def send_acl_data(
        self, sender_controller: Controller, destination_address: Address, transport: PhysicalTransport, data: bytes
    ) -> None:
        connection = sender_controller.le_connections.get(destination_address)
        peer = self.find_le_controller(destination_address)
        if connection is not None and peer is not None:
            asyncio.get_running_loop().call_soon(peer.on_link_acl_data, connection.self_address, transport, data)


class LinuxController(Controller):
    """A controller that Linux is content with."""

    def __init__(self, transport: Transport, link: Link) -> None:
        super().__init__(
            "hci0", host_source=transport.source, host_sink=transport.sink, link=link,
            public_address=Address(OURS, Address.PUBLIC_DEVICE_ADDRESS),
        )  # fmt: skip
        # with either of these Linux waits for events that Bumble does not send
        self.le_features &= ~(hci.LeFeatureMask.LL_PRIVACY | hci.LeFeatureMask.LE_EXTENDED_ADVERTISING)

    def on_hci_le_create_connection_cancel_command(self, command: Any) -> Any:
        """Say that the attempt has ended, which Bumble does not; Linux would wait for ever."""
        pending, self.pending_le_connection = self.pending_le_connection, None
        if pending is not None:
            ended = hci.HCI_LE_Connection_Complete_Event(
                status=hci.HCI_ErrorCode.UNKNOWN_CONNECTION_IDENTIFIER_ERROR, connection_handle=0,
                role=hci.Role.CENTRAL, peer_address_type=pending.peer_address.address_type,
                peer_address=pending.peer_address, connection_interval=0, peripheral_latency=0,
                supervision_timeout=0, central_clock_accuracy=0,
            )  # fmt: skip
            asyncio.get_running_loop().call_soon(self.send_hci_packet, ended)
        return super().on_hci_le_create_connection_cancel_command(command)

    def on_hci_reset_command(self, command: Any) -> Any:
        """Forget everything, as a real one does."""
        self.silence()
        return super().on_hci_reset_command(command)

    def silence(self) -> None:
        """No power: the others notice that the link is lost."""
        self.le_scan_enable = False
        self.pending_le_connection = None
        for connection in list(self.le_connections.values()):
            connection.send_ll_control_pdu(ll.TerminateInd(hci.HCI_ErrorCode.CONNECTION_TIMEOUT_ERROR))
            del self.le_connections[connection.peer_address]


class AirDevice:
    """A BMS or balancer that advertises until somebody connects, as they do."""

    def __init__(self, link: Link, address: str, name: str, bms: AirBms, layout: str = "single") -> None:
        self.address, self.name, self.bms = address, name, bms
        public = Address(address, Address.PUBLIC_DEVICE_ADDRESS)
        controller = Controller(name, link=link, public_address=public)
        near = Transport(controller, controller)
        self._device = Device.from_config_with_hci(
            DeviceConfiguration(
                name=name, address=public, advertising_interval_min=ADVERTISING, advertising_interval_max=ADVERTISING
            ),
            near.source,
            near.sink,
        )
        self._device.gatt_server.max_mtu = MTU
        self._connection: Any = None
        self._present = True
        self._tasks: set[asyncio.Task[Any]] = set()
        characteristics = [self._characteristic(uuid, flags) for uuid, flags in LAYOUTS[layout]]
        self._notify = next(one for one in characteristics if one.properties & FLAGS["notify"])
        self._device.add_service(Service(UUID(FFE0), characteristics))
        self._device.on("connection", self._connected)
        bms.notify, bms.drop = self._notified, self.drop

    @property
    def connected(self) -> bool:
        return self._connection is not None

    async def start(self) -> None:
        await self._device.power_on()
        await self._advertise()

    async def leave(self) -> None:
        """Be switched off or out of range."""
        self._present = False
        self.drop()
        await asyncio.gather(*self._tasks)
        await self._device.stop_advertising()

    async def come_back(self) -> None:
        self._present = True
        await self._advertise()

    def drop(self) -> None:
        """The BMS ends the connection."""
        if self._connection is not None:
            self._spawn(self._connection.disconnect())

    def _characteristic(self, uuid: str, flags: list[str]) -> Characteristic:
        properties = Characteristic.Properties(0)
        for flag in flags:
            properties |= FLAGS[flag]
        value = CharacteristicValue(read=lambda _: b"", write=lambda _, data: self.bms.written(bytes(data)))
        return Characteristic(UUID(uuid), properties, MAY, value)

    def _connected(self, connection: Any) -> None:
        self._connection = connection
        connection.on("disconnection", self._disconnected)

    def _disconnected(self, _: int) -> None:
        self._connection = None
        self.bms.reset()
        if self._present:
            self._spawn(self._advertise())

    def _notified(self, chunk: bytes) -> None:
        if self._connection is not None:
            self._spawn(self._device.notify_subscriber(self._connection, self._notify, chunk))

    async def _advertise(self) -> None:
        told = bytes.fromhex("88a0" + self.address.replace(":", ""))
        self._device.advertising_data = bytes(
            AdvertisingData(
                [
                    (AdvertisingData.FLAGS, b"\x06"),
                    (AdvertisingData.INCOMPLETE_LIST_OF_16_BIT_SERVICE_CLASS_UUIDS, b"\xe0\xff"),
                    (AdvertisingData.MANUFACTURER_SPECIFIC_DATA, b"\x65\x0b" + told),
                ]
            )
        )
        name = bytes(AdvertisingData([(AdvertisingData.COMPLETE_LOCAL_NAME, self.name.encode())]))
        self._device.scan_response_data = name  # both together would be more than the 31 bytes that Linux takes
        await self._device.start_advertising(auto_restart=False)

    def _spawn(self, work: Any) -> None:
        task = asyncio.ensure_future(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)


class Air:
    """`async with Air(socket)`: the controller listens for a machine there; `add` devices."""

    def __init__(self, socket: Path) -> None:
        self._socket = socket
        self._link = Link()
        self._devices: list[AirDevice] = []

    async def __aenter__(self) -> "Air":
        self._transport = await open_transport(f"unix-server:{self._socket}")
        self._controller = LinuxController(self._transport, self._link)
        return self

    async def __aexit__(self, *_: object) -> None:
        for device in self._devices:
            await device.leave()
        self._controller.silence()
        await self._transport.close()
        self._transport.server.close()

    async def add(self, address: str, name: str, bms: AirBms, layout: str = "single") -> AirDevice:
        device = AirDevice(self._link, address, name, bms, layout)
        await device.start()
        self._devices.append(device)
        return device

    def power_off(self) -> None:
        """The controller has no power any more; half a command that was on its way is lost."""
        self._controller.silence()
        self._transport.source.parser.reset()
