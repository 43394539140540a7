"""What the servers of an ensemble say to each other, passed on by a test that can hold it up.

Nothing is ever lost or changed within a connection, as TCP has it: a direction that is held just does not arrive, until it
is let go, or the connection is reset.
"""

import selectors
import socket
import struct
import threading

LOOPBACK = "127.0.0.1"
CHUNK = 1 << 16


class Passage:
    """One connection: from the server `dialer` to the server `dialed`, in two halves."""

    def __init__(self, dialer, dialed, near, far):
        self.ends = {dialer: near, dialed: far}     # by who is at that end
        self.pairs = ((dialer, dialed), (dialed, dialer))
        self.unsent = {pair: b"" for pair in self.pairs}
        self.has_ended = {pair: False for pair in self.pairs}


class Network:
    """Servers are named by their place in `ports`, the ports at which they listen for each other.

    `hold`, `cut` and the like may be called from any thread; one thread moves the data.
    """

    def __init__(self, ports):
        self.ports = ports
        self.lock = threading.RLock()
        self.held = set()       # (from, to): what is said in this direction does not arrive
        self.refused = set()    # {one, other}: connections are reset
        self.passages = []
        self.selector = selectors.DefaultSelector()
        self.is_closing = False
        self.waker, self.waking = socket.socketpair()
        self.selector.register(self.waking, selectors.EVENT_READ, lambda woken: woken.recv(CHUNK))
        self.doors = {}
        for dialer in range(len(ports)):
            for dialed in range(len(ports)):
                if dialer != dialed:
                    self.open_door(dialer, dialed)
        self.thread = threading.Thread(target=self.run, daemon=True)
        self.thread.start()

    def port(self, dialer, dialed):
        """Where the one server finds the other."""
        return self.doors[dialer, dialed].getsockname()[1]

    # -- what a test does

    def hold(self, sender, receiver):
        """What the one says to the other does not arrive; nobody is told."""
        with self.lock:
            self.held.add((sender, receiver))
        self.wake()

    def divide(self, *groups):
        """Nothing passes between servers of different groups."""
        with self.lock:
            for group in groups:
                for other in groups:
                    if other is not group:
                        self.held.update((one, two) for one in group for two in other)
        self.wake()

    def isolate(self, server):
        self.divide([server], [each for each in range(len(self.ports)) if each != server])

    def cut(self, one, other):
        """Connections between the two are reset, and new ones are, too."""
        with self.lock:
            self.refused.add(frozenset((one, other)))
            for passage in list(self.passages):
                if set(passage.ends) == {one, other}:
                    self.end(passage, reset=True)
        self.wake()

    def heal(self, reset=False):
        """Everything passes again: first what was held, unless `reset`, which ends connections that were held up."""
        with self.lock:
            for passage in list(self.passages):
                if reset and self.held.intersection(passage.pairs):
                    self.end(passage, reset=True)
            self.held.clear()
            self.refused.clear()
        self.wake()

    def close(self):
        self.is_closing = True
        self.wake()
        self.thread.join()
        for passage in list(self.passages):
            self.end(passage)
        for door in self.doors.values():
            door.close()
        self.waker.close()
        self.waking.close()
        self.selector.close()

    # -- the thread

    def wake(self):
        try:
            self.waker.send(b"x")
        except OSError:
            pass

    def run(self):
        while not self.is_closing:
            with self.lock:
                for passage in list(self.passages):
                    self.register(passage)
            for key, _ in self.selector.select(1.0):
                with self.lock:
                    key.data(key.fileobj)

    def open_door(self, dialer, dialed):
        door = socket.create_server((LOOPBACK, 0))
        door.setblocking(False)
        self.doors[dialer, dialed] = door
        self.selector.register(door, selectors.EVENT_READ, lambda _: self.accept(dialer, dialed))

    def accept(self, dialer, dialed):
        try:
            near, _ = self.doors[dialer, dialed].accept()
        except OSError:
            return
        try:
            if frozenset((dialer, dialed)) in self.refused:
                raise OSError
            far = socket.create_connection((LOOPBACK, self.ports[dialed]), 5.0)
        except OSError:
            abort(near)
            return
        for each in (near, far):
            each.setblocking(False)
            each.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.passages.append(Passage(dialer, dialed, near, far))

    def register(self, passage):
        """Asks for what can be done: read where nothing waits, write where something does."""
        for server, end in passage.ends.items():
            other = next(each for each in passage.ends if each != server)
            outgoing, incoming = (server, other), (other, server)
            events = 0
            if outgoing not in self.held and not passage.unsent[outgoing] and not passage.has_ended[outgoing]:
                events |= selectors.EVENT_READ
            if passage.unsent[incoming] and incoming not in self.held:
                events |= selectors.EVENT_WRITE
            self.watch(end, events, passage, server, other)

    def watch(self, end, events, passage, server, other):
        try:
            known = self.selector.get_key(end)
        except KeyError:
            known = None
        if known is None and events:
            self.selector.register(end, events, lambda _: self.move(passage, server, other))
        elif known is not None and not events:
            self.selector.unregister(end)
        elif known is not None and known.events != events:
            self.selector.modify(end, events, known.data)

    def move(self, passage, server, other):
        """Something can be read from this end, or written to it."""
        if passage not in self.passages:
            return
        try:
            self.send(passage, (other, server))
            self.receive(passage, (server, other))
        except OSError:
            return self.end(passage, reset=True)
        if all(passage.has_ended.values()) and not any(passage.unsent.values()):
            self.end(passage)

    def receive(self, passage, pair):
        if pair in self.held or passage.unsent[pair] or passage.has_ended[pair]:
            return
        try:
            data = passage.ends[pair[0]].recv(CHUNK)
        except BlockingIOError:
            return
        if data:
            passage.unsent[pair] = data
            self.send(passage, pair)
        else:
            passage.has_ended[pair] = True
            passage.ends[pair[1]].shutdown(socket.SHUT_WR)

    def send(self, passage, pair):
        if not passage.unsent[pair] or pair in self.held:
            return
        try:
            sent = passage.ends[pair[1]].send(passage.unsent[pair])
        except BlockingIOError:
            return
        passage.unsent[pair] = passage.unsent[pair][sent:]

    def end(self, passage, reset=False):
        self.passages.remove(passage)
        for end in passage.ends.values():
            try:
                self.selector.unregister(end)
            except (KeyError, ValueError):
                pass
            if reset:
                abort(end)
            else:
                end.close()


def abort(connection):
    """Closes it with a reset."""
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    connection.close()
