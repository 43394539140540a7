"""Readers of the admin endpoint's watch streams, as programs and browsers read server-sent events."""

import http.client
import json

import harness
from harness import LOOPBACK


class Stream:
    """A reader of server-sent events."""

    def __init__(self, port, target, headers=None):
        self.last_id = None
        self.connection = http.client.HTTPConnection(LOOPBACK, port, timeout=harness.WAIT_S)
        self.connection.request("GET", target, headers=headers or {})
        self.response = self.connection.getresponse()

    def next(self):
        """The name and the data of the next event. As a browser does, keeps the last id, of whatever it was."""
        fields = {}
        while True:
            line = self.response.readline().decode()
            if not line:
                raise EOFError("the stream has ended")
            if line != "\n":
                name, _, value = line.rstrip("\n").partition(": ")
                fields[name] = value
                continue
            self.last_id = fields.get("id", self.last_id)
            if "event" in fields:
                return fields["event"], json.loads(fields["data"])
            fields = {}

    def close(self):
        self.response.close()  # with "Connection: close" the socket is the response's
        self.connection.close()
