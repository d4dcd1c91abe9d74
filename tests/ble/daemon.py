"""A fake bluetoothd on a private D-Bus daemon, good enough for the real bleak.

Objects, properties, the order of signals and the texts of errors follow traces of real daemons (5.66 to 5.82): Connect
is answered before the GATT objects appear, they survive a disconnect, a device that is neither connected nor heard is
removed 30 s after the last scan, a subscription outlives the link. Faults are injected by code, not by luck.
"""

import asyncio
import threading
from collections.abc import Callable, Coroutine
from typing import Any, Self, TypeVar

from dbus_fast import BusType, Message, MessageType, NameFlag
from dbus_fast.aio import MessageBus

from driver.link.bluez import close_bus
from tests.ble.adapter import FakeAdapter
from tests.ble.device import FakeDevice
from tests.ble.nodes import AGENTS, OBJECT_MANAGER, PROPERTIES, Node, RefusedError, snake
from tests.private_bus import PrivateBus

T = TypeVar("T")
UNKNOWN_OBJECT = "org.freedesktop.DBus.Error.UnknownObject"


class Agents(Node):
    """/org/bluez itself."""

    def __init__(self, bluez: "FakeBluez") -> None:
        super().__init__(bluez, "/org/bluez")
        self.interfaces[AGENTS] = {}
        self.methods[AGENTS] = {"RegisterAgent": "", "UnregisterAgent": "", "RequestDefaultAgent": ""}

    async def m_register_agent(self, sender: str, path: str, capability: str) -> None:
        if sender in self.bluez.agents:
            raise RefusedError("AlreadyExists")
        self.bluez.agents[sender] = (sender, path, capability)

    async def m_unregister_agent(self, sender: str, path: str) -> None:
        if self.bluez.agents.pop(sender, None) is None:
            raise RefusedError("DoesNotExist")


class FakeBluez:
    def __init__(self, address: str) -> None:
        self.address = address
        self.tree: dict[str, Node] = {}
        self.bus: MessageBus | None = None
        self.adapters: list[FakeAdapter] = []
        self.agents: dict[str, tuple[str, str, str]] = {}
        self.remove_after_cancel = False  # BlueZ 5.82 drops a temporary device then, 5.66 and 5.72 do not
        self.busy_error = ("Failed", "Operation already in progress")  # 5.82: ("InProgress", "In Progress")
        self._timers: set[Any] = set()

    async def start(self) -> None:
        self.bus = await MessageBus(bus_address=self.address, bus_type=BusType.SYSTEM).connect()
        self.bus.add_message_handler(self._handle)
        rule = "type='signal',sender='org.freedesktop.DBus',member='NameOwnerChanged'"
        await self.bus.call(Message(
            destination="org.freedesktop.DBus", path="/org/freedesktop/DBus", interface="org.freedesktop.DBus",
            member="AddMatch", signature="s", body=[rule],
        ))  # fmt: skip
        self.add(Agents(self))
        await self.bus.request_name("org.bluez", NameFlag.DO_NOT_QUEUE)

    async def crash(self) -> None:
        """kill -9: the name vanishes, no signal about devices."""
        bus, self.bus = self.bus, None
        for timer in list(self._timers):
            timer.cancel()  # what it has begun it will not end
        if bus:
            await close_bus(bus)

    async def stop(self) -> None:
        """An orderly end: devices disconnect, objects go, then the name."""
        for adapter in self.adapters:
            if adapter.path in self.tree:
                adapter.unplug()
        await asyncio.sleep(0.05)
        await self.crash()

    async def restart(self) -> None:
        """A new daemon after `crash` or `stop`."""
        self.agents.clear()
        for adapter in self.adapters:
            adapter.sessions.clear()
            adapter.stop()
            for device in adapter.devices:
                device.reset()
        self.tree.clear()
        await self.start()
        for adapter in self.adapters:
            adapter.plug()

    async def end(self) -> None:
        for adapter in self.adapters:
            adapter.stop()
            for device in adapter.devices:
                device.bms.reset()
        await self.crash()
        await asyncio.sleep(0)

    def add_adapter(self, name: str = "hci0", **options: Any) -> FakeAdapter:
        adapter = FakeAdapter(self, name, **options)
        self.adapters.append(adapter)
        self.add(adapter)
        return adapter

    def add_device(self, adapter: FakeAdapter, address: str, **options: Any) -> FakeDevice:
        device = FakeDevice(adapter, address, **options)
        adapter.devices.append(device)
        if device.known:
            self.add(device)
        return device

    def add(self, node: Node) -> None:
        if node.path not in self.tree:
            self.tree[node.path] = node
            self.signal("/", OBJECT_MANAGER, "InterfacesAdded", "oa{sa{sv}}", [node.path, node.interfaces])

    def remove(self, node: Node) -> None:
        if self.tree.pop(node.path, None) is not None:
            self.signal("/", OBJECT_MANAGER, "InterfacesRemoved", "oas", [node.path, list(node.interfaces)])

    def soon(self, delay: float, work: Callable[[], None]) -> None:
        """What happens to BlueZ's own objects later."""
        timer = asyncio.get_running_loop().call_later(delay, lambda: (self._timers.discard(timer), work()))
        self._timers.add(timer)

    def later(self, delay: float, work: Callable[[], None]) -> None:
        """What happens on the air, whether BlueZ lives or not."""
        asyncio.get_running_loop().call_later(delay, work)

    def signal(self, path: str, interface: str, member: str, signature: str, body: list[Any]) -> None:
        if self.bus is not None and self.bus.connected:
            self.bus.send(Message.new_signal(path, interface, member, signature, body))

    async def ask_agent(self, agent: tuple[str, str, str], device: str) -> Any:
        assert self.bus is not None
        answer = await self.bus.call(Message(
            destination=agent[0], path=agent[1], interface="org.bluez.Agent1", member="RequestPasskey",
            signature="o", body=[device],
        ))  # fmt: skip
        return None if answer is None or answer.message_type is MessageType.ERROR else answer.body[0]

    def _handle(self, message: Message) -> Any:
        if message.message_type is MessageType.SIGNAL:
            if message.member == "NameOwnerChanged" and message.body[0].startswith(":") and not message.body[2]:
                self.agents.pop(message.body[0], None)
                for adapter in self.adapters:
                    adapter.forget_client(message.body[0])
            return None
        if message.message_type is not MessageType.METHOD_CALL:
            return None
        if message.interface in (PROPERTIES, OBJECT_MANAGER):
            try:
                return Message.new_method_return(message, *getattr(self, f"_standard_{snake(message.member)}")(message))
            except RefusedError as fault:
                return Message.new_error(message, fault.name, fault.text)
        node = self.tree.get(message.path)
        answer = node.methods.get(message.interface or "", {}).get(message.member) if node else None
        if node is None or answer is None:
            name = UNKNOWN_OBJECT if node is None else "org.freedesktop.DBus.Error.UnknownMethod"
            return Message.new_error(message, name, self._no_method(message))
        task = asyncio.ensure_future(self._run(node, message, answer))
        self._timers.add(task)
        task.add_done_callback(self._timers.discard)
        return True

    async def _run(self, node: Node, message: Message, signature: str) -> None:
        bus = self.bus
        try:
            body = await getattr(node, f"m_{snake(message.member)}")(message.sender, *message.body)
            reply = Message.new_method_return(message, signature, body or [])
        except RefusedError as fault:
            reply = Message.new_error(message, fault.name, fault.text)
        if bus is not None and bus.connected:
            await bus.send(reply)

    def _no_method(self, message: Message) -> str:
        return (
            f'Method "{message.member}" with signature "{message.signature}" on interface "{message.interface}" '
            "doesn't exist\n"
        )

    def _node(self, message: Message) -> Node:
        node = self.tree.get(message.path)
        if node is None or message.body[0] not in node.interfaces:
            raise RefusedError(UNKNOWN_OBJECT, self._no_method(message))
        return node

    def _standard_get_managed_objects(self, message: Message) -> tuple[str, list[Any]]:
        return "a{oa{sa{sv}}}", [{path: node.interfaces for path, node in self.tree.items()}]

    def _standard_get_all(self, message: Message) -> tuple[str, list[Any]]:
        return "a{sv}", [self._node(message).interfaces[message.body[0]]]

    def _standard_set(self, message: Message) -> tuple[str, list[Any]]:
        node = self._node(message)
        interface, name, value = message.body
        if isinstance(node, FakeAdapter) and name == "Powered":
            node.set_powered(on=value.value)
        else:
            node.set(interface, **{name: value.value})
        return "", []


class BluezThread:
    """A private bus with a fake daemon in a thread of its own, so that a driver's loop holds the driver alone."""

    def __init__(self) -> None:
        self.private = PrivateBus()
        self.private.start()
        self.address = self.private.address
        self.loop = asyncio.new_event_loop()
        self.thread = threading.Thread(target=self._main, name="fake bluetoothd", daemon=True)
        self.thread.start()
        self.bluez = FakeBluez(self.address)
        self.run(self.bluez.start())

    def _main(self) -> None:
        asyncio.set_event_loop(self.loop)
        self.loop.run_forever()

    def run(self, work: Coroutine[Any, Any, T], timeout: float = 10.0) -> T:
        return asyncio.run_coroutine_threadsafe(work, self.loop).result(timeout)

    def call(self, work: Callable[..., T], *values: Any, **options: Any) -> T:
        """Call a plain function in the loop of the fake."""

        async def go() -> T:
            return work(*values, **options)

        return self.run(go())

    def add_adapter(self, name: str = "hci0", **options: Any) -> FakeAdapter:
        return self.call(self.bluez.add_adapter, name, **options)

    def add_device(self, adapter: FakeAdapter, address: str, **options: Any) -> FakeDevice:
        return self.call(self.bluez.add_device, adapter, address, **options)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.run(self.bluez.end())
        self.loop.call_soon_threadsafe(self.loop.stop)
        self.thread.join(10)
        self.loop.close()
        self.private.__exit__(None, None, None)
