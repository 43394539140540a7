"""Seeded random cases: pipelined bursts of requests from several connections over a small, hot set of paths.

Only one connection has requests in flight at a time, and after each burst every other connection is pinged, so that
the events it was sent are collected at a known place: the same seed then means the same history on both servers.
What the two servers are allowed to do differently (see allowed_differences.py) is not generated: one connection sets
persistent watches and the others one-shot ones, every ACL gives READ, checks stay inside multis.
"""

import random

from scenario import (
    Case,
    add_watch,
    auth,
    check,
    children,
    children2,
    close_session,
    connect,
    count_all,
    create,
    create2,
    create_container,
    delete,
    digest_id,
    drop,
    ephemerals,
    exists,
    get,
    get_acl,
    multi,
    multi_read,
    ping,
    pipeline,
    remember,
    remove_watches,
    resume,
    set_acl,
    set_data,
    set_watches,
    set_watches2,
    sync,
    who_am_i,
)
from wire import OPEN_ACL

ONE_SHOT = ("a", "b", "c")
PERSISTENT = "p"

BRANCHES = ("~", "~/a", "~/b", "~/a/x", "~/e")
LEAVES = (
    "~/a",
    "~/b",
    "~/a/x",
    "~/a/y",
    "~/a/x/1",
    "~/a/x/2",
    "~/b/z",
    "~/e",
    "~/b/s-0000000000",
    "~/b/s-0000000001",
    "~/a/s-0000000002",
    "~/missing",
    "~/missing/child",
)
ODD = ("x", "~/", "~//a", "~/a/.", "~/\x01", "/", "/zookeeper", "~/a/x/")
PERSISTENT_PATHS, RECURSIVE_PATHS = ("~/b", "~/b/z", "~/missing"), ("~/a", "~/a/x")
ACLS = (
    OPEN_ACL,
    OPEN_ACL,
    OPEN_ACL,
    [(1, "world", "anyone")],
    [(1 | 4, "world", "anyone")],
    [(1 | 2 | 8, "world", "anyone")],
    [(31, "digest", digest_id("bob:pw")), (1, "world", "anyone")],
    [(31, "auth", ""), (1, "world", "anyone")],
    [],
)


class Generator:
    """Makes the steps of one case; asks nothing of the servers."""

    def __init__(self, seed):
        self.random = random.Random(seed)
        self.resumed = 0
        self.current = {name: name for name in ONE_SHOT + (PERSISTENT,)}  # role -> connection that plays it
        self.marks = ["start"]

    def path(self):
        return self.random.choice(ODD) if self.random.random() < 0.04 else self.random.choice(LEAVES)

    def version(self):
        return self.random.choice((-1, -1, -1, -1, 0, 0, 1, 2, -2))

    def data(self):
        return self.random.choice((b"", None, b"v", bytes([self.random.randrange(256)]) * self.random.randrange(60)))

    def acl(self):
        return OPEN_ACL if self.random.random() < 0.8 else self.random.choice(ACLS)

    def creation(self, in_multi=False):
        if self.random.random() < 0.3:
            path, flags = self.random.choice(("~/b/s-", "~/a/s-", "~/a/")), self.random.choice((2, 3))
        else:
            path, flags = self.path(), self.random.choice(
                (0, 0, 0, 1, 99) if self.random.random() < 0.1 else (0, 0, 0, 1)
            )
        if not in_multi and self.random.random() < 0.2:
            # Never with the ephemeral flag: while such a container is in flight, the reference takes it for an ephemeral.
            return create_container(path, self.data(), self.acl(), flags & 2)
        form = create if in_multi else self.random.choice((create, create, create2))
        return form(path, self.data(), self.acl(), flags)

    def deletion(self):
        return delete(self.path(), self.version())

    def change(self):
        return set_data(self.path(), self.data(), self.version())

    def transaction(self):
        makers = (lambda: self.creation(True), self.deletion, self.change, lambda: check(self.path(), self.version()))
        return multi(*[self.random.choice(makers)() for _ in range(self.random.randrange(6))])

    def readings(self):
        return multi_read(*[self.random.choice((get, children))(self.path()) for _ in range(self.random.randrange(5))])

    def reading(self, role):
        may_watch = role != PERSISTENT and self.random.random() < 0.5
        return self.random.choice((exists, get, children, children2))(self.path(), watch=may_watch)

    def watching(self, role):
        if role != PERSISTENT:
            return remove_watches(self.path(), self.random.choice((1, 2, 3)))
        if self.random.random() < 0.3:
            return remove_watches(self.random.choice(PERSISTENT_PATHS + RECURSIVE_PATHS), 3)
        mode = self.random.randrange(2)
        return add_watch(self.random.choice(RECURSIVE_PATHS if mode else PERSISTENT_PATHS), mode)

    def several(self, paths):
        return self.random.sample(paths, self.random.randrange(4))

    def watching_again(self, role):
        mark = self.random.choice(self.marks)
        relative = lambda run: run.marks.get(mark, 0)  # noqa: E731  (a value that is known only while running)
        if role == PERSISTENT:
            return set_watches2(
                relative, persistent=self.several(PERSISTENT_PATHS), recursive=self.random.sample(RECURSIVE_PATHS, 1)
            )
        return set_watches(relative, data=self.several(LEAVES), exist=self.several(LEAVES), child=self.several(LEAVES))

    def other(self):
        return self.random.choice(
            (
                lambda: get_acl(self.path()),
                lambda: sync(self.path()),
                ping,
                who_am_i,
                lambda: ephemerals(self.random.choice(("/", "~/a", ""))),
                lambda: count_all(self.random.choice(LEAVES)),
            )
        )()

    def request(self, role):
        makers = (
            (26, self.creation),
            (12, self.deletion),
            (16, self.change),
            (24, lambda: self.reading(role)),
            (8, self.transaction),
            (3, self.readings),
            (5, lambda: self.watching(role)),
            (3, lambda: self.watching_again(role)),
            (8, self.other),
        )
        weights, functions = zip(*makers)
        return self.random.choices(functions, weights)[0]()

    # -- steps

    def barriers(self, role, in_any_order=False):
        return [
            ping().by(self.current[other])._with(in_any_order=in_any_order) for other in self.current if other != role
        ]

    def burst(self, role):
        size = self.random.choice((1, 1, 2, 4, 8, 16, 30))
        requests = [self.request(role) for _ in range(size)]
        return [pipeline(*requests).by(self.current[role])] + self.barriers(role)

    def reconnect(self, role):
        """Drops the connection and comes back to the session, with watches right behind the handshake."""
        old = self.current[role]
        self.resumed += 1
        self.current[role] = f"{role}{self.resumed}"
        return [
            drop().by(old),
            resume(old, behind=[self.watching_again(role), self.reading(role)]).by(self.current[role]),
        ] + self.barriers(role)

    def end_session(self, role):
        """Ephemerals go in no particular order, so neither do their events."""
        old = self.current[role]
        self.resumed += 1
        self.current[role] = f"{role}{self.resumed}"
        return (
            [close_session().by(old)._with(in_any_order=True)]
            + self.barriers(role, in_any_order=True)
            + [connect().by(self.current[role])]
        )

    def steps(self, count):
        steps = [connect().by(name) for name in self.current] + [remember("start")]
        steps += [create("~/a"), create("~/b", b"b")]
        for index in range(count):
            role = self.random.choice(tuple(self.current))
            action = self.random.random()
            if action < 0.84:
                steps += self.burst(role)
            elif action < 0.90:
                steps += self.reconnect(role)
            elif action < 0.94:
                steps += self.end_session(role)
            elif action < 0.96:
                # Alone: while a setACL is in flight, the reference checks later requests against the old list.
                steps += [set_acl(self.path(), self.random.choice(ACLS), self.version()).by(self.current[role])]
            elif action < 0.98:
                steps += [auth("digest", self.random.choice((b"bob:pw", b"ann:pw"))).by(self.current[role])]
            else:
                self.marks.append(f"mark {index}")
                steps += [ping().by(self.current[role]), remember(self.marks[-1]).by(self.current[role])]
        steps += [children2(path) for path in BRANCHES] + [get(path) for path in LEAVES]
        return [step.unjudged() for step in steps]


def sequences(seed, count):
    """`count` cases; each has a seed of its own, so that one of them can be repeated by its name."""
    return [
        Case(f"random sequence {seed}.{index}", Generator(f"{seed}.{index}").steps(20), "main", False, "random")
        for index in range(count)
    ]
