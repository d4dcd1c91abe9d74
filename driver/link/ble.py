"""A battery's Bluetooth link that comes back by itself.

`open` is one attempt, after the pause and with the step that `recovery.py` asks for; the session calls it again and
again. bluetoothd is never touched, and only the last step concerns others: the adapter is switched off and on when no
battery lives on it, nobody else is connected, and its owner has not forbidden it.
"""

import asyncio
import logging
import random

from ..logs import device_log
from .bluez import Adapter, Device, Known
from .gatt import Connection, Timeouts
from .interference import SUSPECTED, Doubles, Interference
from .pairing import pair
from .radio import Radio, Radios
from .recovery import Recovery, Silence, Step
from .search import AUTO, Wanted, deaf, search
from .signals import signals
from .trouble import BluetoothError, Trouble
from .wait import Wait

NO_PAIRING = "no"
FRAME = 300  # bytes: what JK and NEEY stream; a reader who does not know better is woken once for so many
GATHER = 0.25  # s in which the rest of a frame comes; then what there is is handed over
MOST_HELD = 64 * 1024  # bytes that nobody fetches; a session that lives leaves far less


class BleLink:
    """`Link` over Bluetooth Low Energy, to a device named by its address ("C8:47:80:12:34:56") or name ("ble:NAME")."""

    def __init__(
        self,
        port: str,
        adapter: str = AUTO,
        *,
        radios: Radios | None = None,
        pairing: str = NO_PAIRING,
        power_cycle: bool = True,
        timeouts: Timeouts | None = None,
        recovery: Recovery | None = None,
    ) -> None:
        """`radios`: what other batteries share; without, this link has and closes its own.

        `pairing`: "no", "yes" or a passkey of six digits; `power_cycle`: the adapter may be switched off and on.
        """
        self.wanted = Wanted(port, adapter)
        self.name = self.wanted.name
        self.recovery = recovery or Recovery(random.random)
        self.interference = Interference()
        self._radios, self._shared = radios or Radios(), radios is not None
        self._radios.links.add(self)
        self._pairing = pairing
        self._may_power_cycle = power_cycle
        self._timeouts = timeouts or Timeouts()
        self._log = device_log(logging.getLogger(__name__), self.name)
        self._connection: Connection | None = None
        self._radio: Radio | None = None
        self._proven = False  # a valid frame has come over this connection
        self._ended: Trouble | None = None  # how this connection came to its end, if not by silence
        self._silence = Silence()
        self._doubles = Doubles()
        self._held = bytearray()
        self._enough = FRAME  # bytes that the reader waits for
        self._wait: Wait | None = None  # for the rest of a frame
        self._gathered: asyncio.TimerHandle | None = None  # when to wait no longer for the rest

    @property
    def advice(self) -> str:
        """What disturbs this battery's connection and what its owner can do; "" when nothing is known of."""
        cause, venus = self.interference.cause(asyncio.get_running_loop().time()), self._radios.venus
        if cause is not None:
            return cause.value + venus.said(cause)
        return venus.suspicion if self.recovery.failures >= SUSPECTED else ""

    def understood(self) -> None:
        """A valid frame has come: nothing else proves that the link works."""
        now = asyncio.get_running_loop().time()
        self._proven = True
        self.recovery.healthy()
        self.interference.healthy()
        self._radios.moderation.calm(self)
        if self._radio is not None:
            self._radio.heard(self, now)

    async def open(self) -> None:
        """Find the device, connect and subscribe: one attempt, in its turn. BluetoothError says what to do."""
        await self._end_connection()
        await asyncio.sleep(self.recovery.wait(asyncio.get_running_loop().time()))
        try:
            await self._attempt()
        except BluetoothError as exc:
            await self._let_go()
            self._failed(exc.trouble)
            raise self._error(exc.trouble, str(exc)) from exc

    async def write(self, data: bytes) -> None:
        """Send all of `data`; when earlier requests were answered by silence, renew the subscription first."""
        connection = self._open_connection()
        self._radios.moderation.hurry(self)  # until something usable comes
        step = self._silence.asking()
        if step is not None:
            self._count(step)
        try:
            if step is Step.SUBSCRIBE:
                await connection.subscribe_again()
            await connection.write(data)
        except BluetoothError as exc:
            raise self._end(exc.trouble, str(exc)) from exc

    async def read(self, expect: int, timeout: float) -> bytes:
        """What has come, a whole frame if `expect` tells its rest; b"" after `timeout` s of nothing."""
        connection = self._open_connection()
        self._enough = expect if expect > 0 else FRAME
        if len(self._held) < self._enough and not connection.lost:
            await self._notified(timeout)
        if connection.lost and not self._held:
            raise self._end(Trouble.LOST, Trouble.LOST.value)
        data = bytes(self._held)
        self._held.clear()
        return data

    async def close(self) -> None:
        """Disconnect, so that the BMS advertises again at once; takes up to 5 s. Closing twice does no harm."""
        try:
            await self._end_connection()
        finally:
            if not self._shared:
                await self._radios.bluez.close()

    async def _end_connection(self) -> None:
        if self._connection is None:
            return
        proven, ended = self._proven, self._ended or Trouble.SILENT
        try:
            await self._let_go()
        finally:
            if proven:
                self.interference.dropped(asyncio.get_running_loop().time())
            self._failed(ended)

    async def _let_go(self) -> None:
        connection, self._connection = self._connection, None
        if self._radio is not None:
            self._radio.left(self)
        self._rouse()
        self._held.clear()
        self._proven, self._ended = False, None
        self._silence = Silence()
        self._doubles = Doubles()
        self._radios.moderation.hurry(self)
        try:
            if connection is not None:
                await connection.close()
        finally:
            self._radios.moderation.calm(self)

    async def _attempt(self) -> None:
        bluez = self._radios.bluez
        known = await bluez.known()
        adapter = self.wanted.choose(known, self.recovery.turn)
        radio = self._radio = self._radios.radio(adapter.address)
        if not await self._climb(known, adapter, radio) and not adapter.powered:
            raise BluetoothError(Trouble.ADAPTER_OFF, f"{Trouble.ADAPTER_OFF.value} ({adapter.name})")
        device = await self._find(adapter, radio)
        async with radio.connecting:
            if self._pairing != NO_PAIRING:
                await pair(bluez, device, self._pairing)
            connection = Connection(device.address, device.path, self._timeouts, self._take, self._rouse)
            self._connection = connection  # from now on there is something to close
            if device.connected:
                self._log.info("adopts a connection that was left over")
            self._radios.moderation.hurry(self)
            await connection.open()
            self._radios.moderation.use(await signals())
        self._log.debug("connected over %s", adapter.name)

    async def _climb(self, known: Known, adapter: Adapter, radio: Radio) -> bool:
        """Take the ladder's next step; whether it switched the adapter on."""
        bluez, step = self._radios.bluez, self.recovery.step
        device = self.wanted.on(known, adapter)
        if step is Step.REMOVE and device is not None and not device.paired:
            self._count(step)
            await bluez.remove(device)
        elif step is Step.POWER_CYCLE and self._harms_nobody(known, adapter, radio):
            async with radio.connecting:
                self._count(step)
                radio.power_cycles.done(asyncio.get_running_loop().time())
                await bluez.power_cycle(adapter)
            return True
        elif self.recovery.failures:
            self._count(Step.RECONNECT)
        return False

    def _harms_nobody(self, known: Known, adapter: Adapter, radio: Radio) -> bool:
        """Whether the adapter may be switched off and on now."""
        now = asyncio.get_running_loop().time()
        ours = [link.wanted for link in self._radios.links]
        foreign = any(
            device.connected and device.adapter == adapter.path and not any(one.is_met_by(device) for one in ours)
            for device in known.devices
        )
        due = not adapter.powered or (radio.power_cycles.due(now) and not radio.alive(now) and not foreign)
        return self._may_power_cycle and due

    async def _find(self, adapter: Adapter, radio: Radio) -> Device:
        bluez = self._radios.bluez
        device = self.wanted.on(await bluez.known(), adapter)
        if device is not None and (device.connected or not self.recovery.search):
            return device
        async with radio.scanning:
            try:
                return await search(bluez, adapter, self.wanted, self._timeouts.scan)
            except BluetoothError as exc:
                doubt = exc.trouble is Trouble.NOT_SEEN and self.recovery.doubts_adapter
                if doubt and await deaf(bluez, adapter):
                    raise BluetoothError(Trouble.DEAF) from exc
                raise

    def _take(self, chunk: bytes) -> None:
        self._silence.heard()
        if not self._doubles.take(chunk):
            self.interference.shared(asyncio.get_running_loop().time())
            return
        if len(self._held) < MOST_HELD:
            self._held += chunk
        if self._radios.moderation.gathers(self._hand_over) or self._hand_over():
            return
        if self._wait is not None and self._wait.pending and self._gathered is None:
            self._gathered = asyncio.get_running_loop().call_later(GATHER, self._rouse)

    def _hand_over(self) -> bool:
        """Wake the reader if there is enough for it."""
        enough = len(self._held) >= self._enough
        if enough:
            self._rouse()
        return enough

    async def _notified(self, timeout: float) -> None:
        """Wait until enough has come, the connection is lost, or `timeout` s are over."""
        loop = asyncio.get_running_loop()
        if self._wait is None:
            self._wait = Wait(loop)
        delay = self._radios.moderation.delay
        limit = min(timeout, GATHER) if self._held and not delay else timeout + delay
        try:
            await self._wait.until(loop.time() + limit)
        finally:
            if self._gathered is not None:
                self._gathered.cancel()
                self._gathered = None

    def _rouse(self) -> None:
        if self._wait is not None:
            self._wait.end()

    def _open_connection(self) -> Connection:
        if self._connection is None:
            raise BluetoothError(Trouble.LOST, f"{self.name}: not open")
        return self._connection

    def _failed(self, trouble: Trouble) -> None:
        now = asyncio.get_running_loop().time()
        self.recovery.failed(trouble, now)
        self.interference.failed(trouble, now)

    def _end(self, trouble: Trouble, text: str) -> BluetoothError:
        self._ended = trouble
        return self._error(trouble, text)

    def _count(self, step: Step) -> None:
        if self.recovery.count(step):
            self._log.info("%s", step.value)

    def _error(self, trouble: Trouble, text: str) -> BluetoothError:
        advice = self.advice
        return BluetoothError(trouble, f"{self.name}: {text}{f'; {advice}' if advice else ''}")
