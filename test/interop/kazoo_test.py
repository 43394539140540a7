#!/usr/bin/python3
"""kazoo, a Python client that Debian packages, against a server: kazoo_test.py PROGRAM SCRATCH

PROGRAM is the path of conclaved, or the word `zookeeper` to check this test against the real server.
"""

import logging
import os
import sys
import threading
import unittest

from kazoo.client import KazooClient, KazooState
from kazoo.exceptions import (
    BadVersionError,
    InvalidACLError,
    NoAuthError,
    NoChildrenForEphemeralsError,
    NodeExistsError,
    NoNodeError,
    NotEmptyError,
    RolledBackError,
    RuntimeInconsistency,
)
from kazoo.protocol.states import EventType
from kazoo.recipe.barrier import DoubleBarrier
from kazoo.recipe.cache import TreeCache, TreeEvent
from kazoo.recipe.watchers import PatientChildrenWatch
from kazoo.security import make_acl, make_digest_acl

from servers import make_server

WAIT_S = 20.0

PROGRAM, SCRATCH = None, None


class Recorder:
    """Collects what callbacks are given and lets a test wait for it."""

    def __init__(self):
        self.seen, self.condition = [], threading.Condition()

    def __call__(self, *arguments):
        with self.condition:
            self.seen.append(arguments[0] if len(arguments) == 1 else arguments)
            self.condition.notify_all()

    def await_that(self, predicate):
        with self.condition:
            if not self.condition.wait_for(lambda: predicate(self.seen), WAIT_S):
                raise AssertionError(f"still only {self.seen}")


class WithServer(unittest.TestCase):
    """One server for all tests of a class, a client and a node of its own for each test."""

    settings = {}

    @classmethod
    def setUpClass(cls):
        cls.server = make_server(PROGRAM, SCRATCH, dict({"tickTime": 500}, **cls.settings)).start()

    @classmethod
    def tearDownClass(cls):
        cls.server.stop()

    def setUp(self):
        if not self.server.is_running():  # a test before this one failed between its kill and its restart
            self.server.start()
        self.clients = []
        self.client = self.connect()
        self.root = "/" + self.id().rsplit(".", 1)[-1]
        self.client.create(self.root)

    def tearDown(self):
        for client in self.clients:
            client.stop()
            client.close()

    def connect(self, **options):
        client = KazooClient(hosts=self.server.connect_string, timeout=options.pop("timeout", 6.0), **options)
        client.start(timeout=WAIT_S)
        self.clients.append(client)
        return client

    def path(self, name=""):
        return f"{self.root}/{name}" if name else self.root


class BasicOperations(WithServer):
    def test_a_node_is_created_read_changed_and_deleted(self):
        self.assertEqual(self.client.create(self.path("x"), b"one"), self.path("x"))
        data, stat = self.client.get(self.path("x"))
        self.assertEqual((data, stat.version, stat.data_length, stat.children_count), (b"one", 0, 3, 0))
        self.assertEqual(self.client.set(self.path("x"), b"three", version=0).version, 1)
        self.assertEqual(self.client.get(self.path("x"))[0], b"three")
        self.assertRaises(BadVersionError, self.client.set, self.path("x"), b"", 0)
        self.assertRaises(BadVersionError, self.client.delete, self.path("x"), 7)
        self.client.delete(self.path("x"), 1)
        self.assertIsNone(self.client.exists(self.path("x")))
        self.assertRaises(NoNodeError, self.client.get, self.path("x"))

    def test_errors_are_the_right_exceptions(self):
        self.client.create(self.path("p"))
        self.client.create(self.path("p/c"))
        self.assertRaises(NodeExistsError, self.client.create, self.path("p"))
        self.assertRaises(NoNodeError, self.client.create, self.path("no/c"))
        self.assertRaises(NotEmptyError, self.client.delete, self.path("p"))
        self.assertRaises(InvalidACLError, self.client.create, self.path("a"), acl=[make_acl("nosuch", "x", all=True)])
        self.client.create(self.path("e"), ephemeral=True)
        self.assertRaises(NoChildrenForEphemeralsError, self.client.create, self.path("e/c"))

    def test_sequential_names_count_up(self):
        names = [self.client.create(self.path("s-"), sequence=True) for _ in range(3)]
        self.assertEqual(names, [self.path(f"s-{index:010}") for index in range(3)])

    def test_makepath_and_recursive_delete(self):
        self.client.create(self.path("a/b/c"), b"deep", makepath=True)
        self.client.ensure_path(self.path("a/d/e"))
        self.assertEqual(sorted(self.client.get_children(self.path("a"))), ["b", "d"])
        self.client.delete(self.path("a"), recursive=True)
        self.assertEqual(self.client.get_children(self.root), [])

    def test_include_data_answers_the_stat(self):
        path, stat = self.client.create(self.path("x"), b"12", include_data=True)
        self.assertEqual((path, stat.data_length), (self.path("x"), 2))
        children, stat = self.client.get_children(self.root, include_data=True)
        self.assertEqual((children, stat.children_count), (["x"], 1))

    def test_sync_and_unicode_and_large_data(self):
        self.assertEqual(self.client.sync(self.root), self.root)
        self.client.create(self.path("zażółć"), b"x" * 900000)
        self.assertEqual(self.client.get_children(self.root), ["zażółć"])
        self.assertEqual(len(self.client.get(self.path("zażółć"))[0]), 900000)

    def test_many_asynchronous_requests(self):
        results = [self.client.create_async(self.path(f"n{index}"), b"%d" % index) for index in range(500)]
        self.assertEqual(
            [result.get(timeout=WAIT_S) for result in results], [self.path(f"n{index}") for index in range(500)]
        )
        results = [self.client.get_async(self.path(f"n{index}")) for index in range(500)]
        self.assertEqual([result.get(timeout=WAIT_S)[0] for result in results], [b"%d" % index for index in range(500)])

    def test_the_server_says_its_version_and_state(self):
        version = self.client.server_version()
        self.assertGreaterEqual(version, (3, 5))
        self.assertEqual(self.client.command(b"ruok"), "imok")
        self.assertIn("Mode: standalone", self.client.command(b"srvr"))
        self.assertIn("zk_server_state\tstandalone", self.client.command(b"mntr"))

    def test_a_chroot_is_seen_by_nobody_else(self):
        inside = KazooClient(hosts=self.server.connect_string + self.root)
        inside.start(timeout=WAIT_S)
        self.clients.append(inside)
        inside.create("/x", b"inside")
        self.assertEqual(self.client.get(self.path("x"))[0], b"inside")
        self.assertEqual(inside.get_children("/"), ["x"])


class Transactions(WithServer):
    def test_a_transaction_is_done_as_a_whole(self):
        self.client.create(self.path("old"), b"x")
        transaction = self.client.transaction()
        transaction.create(self.path("new"), b"n")
        transaction.check(self.path("old"), 0)
        transaction.set_data(self.path("old"), b"y", 0)
        transaction.create(self.path("s-"), sequence=True)
        transaction.delete(self.path("new"), 0)
        results = transaction.commit()
        self.assertEqual(results[0], self.path("new"))
        self.assertIs(results[1], True)
        self.assertEqual(results[2].version, 1)
        self.assertEqual(results[3], self.path("s-0000000002"))
        self.assertIs(results[4], True)
        self.assertEqual(sorted(self.client.get_children(self.root)), ["old", "s-0000000002"])

    def test_a_failed_transaction_does_nothing(self):
        transaction = self.client.transaction()
        transaction.create(self.path("x"))
        transaction.delete(self.path("missing"))
        transaction.create(self.path("y"))
        kinds = [type(result) for result in transaction.commit()]
        self.assertEqual(kinds, [RolledBackError, NoNodeError, RuntimeInconsistency])
        self.assertEqual(self.client.get_children(self.root), [])


class Watches(WithServer):
    def test_one_shot_watches(self):
        seen = Recorder()
        self.assertIsNone(self.client.exists(self.path("x"), watch=seen))
        self.client.create(self.path("x"))
        seen.await_that(lambda events: len(events) == 1)
        self.client.get(self.path("x"), watch=seen)
        self.client.get_children(self.path("x"), watch=seen)
        self.client.set(self.path("x"), b"1")
        self.client.create(self.path("x/c"))
        seen.await_that(lambda events: len(events) == 3)
        self.client.set(self.path("x"), b"2")
        self.client.get(self.path("x/c"), watch=seen)
        self.client.delete(self.path("x/c"))
        seen.await_that(lambda events: len(events) == 4)
        self.assertEqual(
            [(event.type, event.path) for event in seen.seen],
            [
                (EventType.CREATED, self.path("x")),
                (EventType.CHANGED, self.path("x")),
                (EventType.CHILD, self.path("x")),
                (EventType.DELETED, self.path("x/c")),
            ],
        )

    def test_a_data_watch_follows_a_node_through_its_life(self):
        seen = Recorder()
        self.client.DataWatch(self.path("x"), lambda data, stat: seen(data))
        self.client.create(self.path("x"), b"1")
        seen.await_that(lambda values: values[-1:] == [b"1"])
        self.client.set(self.path("x"), b"2")
        seen.await_that(lambda values: values[-1:] == [b"2"])
        self.client.delete(self.path("x"))
        seen.await_that(lambda values: values[-1:] == [None])
        self.assertEqual(seen.seen, [None, b"1", b"2", None])

    def test_a_children_watch_lists_the_children(self):
        seen = Recorder()
        self.client.ChildrenWatch(self.root, lambda children: seen(sorted(children)))
        other = self.connect()
        for name in ("a", "b"):
            other.create(self.path(name))
        seen.await_that(lambda lists: lists[-1:] == [["a", "b"]])
        other.delete(self.path("a"))
        seen.await_that(lambda lists: lists[-1:] == [["b"]])

    def test_a_tree_cache_keeps_up(self):
        self.client.create(self.path("t/a"), b"1", makepath=True)
        seen = Recorder()
        cache = TreeCache(self.client, self.path("t"))
        cache.listen(lambda event: seen(event.event_type))
        cache.start()
        seen.await_that(lambda events: TreeEvent.INITIALIZED in events)
        self.client.set(self.path("t/a"), b"2")
        self.client.create(self.path("t/b"))
        seen.await_that(lambda events: TreeEvent.NODE_UPDATED in events and events.count(TreeEvent.NODE_ADDED) == 3)
        self.assertEqual(cache.get_data(self.path("t/a")).data, b"2")
        self.assertEqual(sorted(cache.get_children(self.path("t"))), ["a", "b"])
        cache.close()

    def test_a_patient_children_watch_sees_a_quiet_list(self):
        self.client.create(self.path("x"))
        watch = PatientChildrenWatch(self.client, self.root, time_boundary=0.1)
        children, changed = watch.start().get(timeout=WAIT_S)
        self.assertEqual(children, ["x"])
        self.client.create(self.path("y"))
        self.assertIsNotNone(changed.get(timeout=WAIT_S))


class Recipes(WithServer):
    def run_together(self, *functions):
        """Each function in a thread of its own with a client of its own; their failures are the test's."""
        errors = []

        def run(function, client):
            try:
                function(client)
            except BaseException as error:  # reported by the test's own thread
                errors.append(error)

        threads = [threading.Thread(target=run, args=(function, self.connect()), daemon=True) for function in functions]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(WAIT_S)
            self.assertFalse(thread.is_alive(), "a recipe hangs")
        if errors:
            raise errors[0]

    def test_a_lock_is_held_by_one(self):
        inside, overlaps, order = [], [], []

        def contend(client):
            for _ in range(5):
                with client.Lock(self.path("lock"), str(client.client_id[0])):
                    inside.append(client)
                    overlaps.append(len(inside))
                    order.append(client.client_id[0])
                    inside.remove(client)

        self.run_together(contend, contend, contend, contend)
        self.assertEqual(overlaps, [1] * 20)

    def test_a_lock_goes_to_the_next_when_its_holder_ends(self):
        holder, waiter = self.connect(), self.connect()
        self.assertTrue(holder.Lock(self.path("lock"), "holder").acquire())
        lock = waiter.Lock(self.path("lock"), "waiter")
        self.assertFalse(lock.acquire(blocking=False))
        waiting = threading.Thread(target=lock.acquire, kwargs={"timeout": WAIT_S}, daemon=True)
        waiting.start()
        holder.stop()
        waiting.join(WAIT_S)
        self.assertTrue(lock.is_acquired)
        self.assertEqual(lock.contenders(), ["waiter"])

    def test_read_and_write_locks(self):
        first, second = self.connect(), self.connect()
        reader, other_reader = first.ReadLock(self.path("rw")), second.ReadLock(self.path("rw"))
        self.assertTrue(reader.acquire(timeout=WAIT_S))
        self.assertTrue(other_reader.acquire(timeout=WAIT_S))
        writer = self.client.WriteLock(self.path("rw"))
        self.assertFalse(writer.acquire(blocking=False))
        reader.release()
        other_reader.release()
        self.assertTrue(writer.acquire(timeout=WAIT_S))
        writer.release()

    def test_a_semaphore_lets_two_in(self):
        semaphores = [self.connect().Semaphore(self.path("semaphore"), max_leases=2) for _ in range(3)]
        self.assertTrue(semaphores[0].acquire(timeout=WAIT_S))
        self.assertTrue(semaphores[1].acquire(timeout=WAIT_S))
        self.assertFalse(semaphores[2].acquire(blocking=False))
        semaphores[0].release()
        self.assertTrue(semaphores[2].acquire(timeout=WAIT_S))

    def test_an_election_makes_one_leader_after_the_other(self):
        leading, leaders = [], []

        def lead(client):
            leading.append(client)
            leaders.append(len(leading))
            leading.remove(client)

        self.run_together(
            *[
                lambda client: client.Election(self.path("election"), str(client.client_id[0])).run(lead, client)
                for _ in range(4)
            ]
        )
        self.assertEqual(leaders, [1] * 4)

    def test_a_barrier_opens_for_all(self):
        barrier = self.client.Barrier(self.path("barrier"))
        barrier.create()
        self.assertFalse(self.connect().Barrier(self.path("barrier")).wait(0.1))
        passed = []
        waiters = [
            threading.Thread(
                target=lambda c=self.connect(): passed.append(c.Barrier(self.path("barrier")).wait(WAIT_S)), daemon=True
            )
            for _ in range(3)
        ]
        for waiter in waiters:
            waiter.start()
        barrier.remove()
        for waiter in waiters:
            waiter.join(WAIT_S)
        self.assertEqual(passed, [True] * 3)

    def test_a_double_barrier_gathers_and_releases(self):
        entered = []

        def take_part(client):
            barrier = DoubleBarrier(client, self.path("double"), 3)
            barrier.enter()
            entered.append(client)
            barrier.leave()

        self.run_together(take_part, take_part, take_part)
        self.assertEqual(len(entered), 3)

    def test_a_counter_counts_every_change(self):
        def count(client):
            counter = client.Counter(self.path("counter"))
            for _ in range(10):
                counter += 2
            counter -= 1

        self.run_together(count, count, count)
        self.assertEqual(self.client.Counter(self.path("counter")).value, 57)

    def test_a_queue_gives_each_entry_once_and_in_order(self):
        queue = self.client.Queue(self.path("queue"))
        for index in range(10):
            queue.put(b"%d" % index, priority=50 if index else 100)
        self.assertEqual([queue.get() for _ in range(11)], [b"%d" % index for index in range(1, 10)] + [b"0", None])

    def test_a_locking_queue_keeps_what_is_not_consumed(self):
        queue, other = self.client.LockingQueue(self.path("queue")), self.connect().LockingQueue(self.path("queue"))
        queue.put_all([b"1", b"2"])
        self.assertEqual(queue.get(timeout=WAIT_S), b"1")
        self.assertEqual(other.get(timeout=WAIT_S), b"2")
        self.assertTrue(queue.consume())
        self.assertTrue(other.release())
        self.assertEqual(queue.get(timeout=WAIT_S), b"2")

    def test_a_party_knows_its_members(self):
        clients = [self.connect() for _ in range(3)]
        parties = [client.Party(self.path("party"), f"member {index}") for index, client in enumerate(clients)]
        for party in parties:
            party.join()
        self.assertEqual(sorted(parties[0]), ["member 0", "member 1", "member 2"])
        parties[1].leave()
        clients[2].stop()
        self.assertEqual(sorted(parties[0]), ["member 0"])
        shallow = self.client.ShallowParty(self.path("shallow"), "one")
        shallow.join()
        self.assertEqual((len(shallow), list(shallow)), (1, ["one"]))

    def test_a_partitioner_divides_a_set(self):
        """A member that was first may hold everything for a while and then has to give up its share."""
        shares, pause = {}, threading.Event()

        def take_part(client):
            partitioner = client.SetPartitioner(
                self.path("set"), set=("a", "b", "c", "d"), time_boundary=0.5, identifier=str(client.client_id[0])
            )
            while sorted(map(len, shares.values())) != [2, 2] and not partitioner.failed:
                if partitioner.release:
                    shares.pop(client, None)
                    partitioner.release_set()
                elif partitioner.acquired:
                    shares[client] = list(partitioner)
                    pause.wait(0.05)
                else:
                    partitioner.wait_for_acquire(timeout=1)
            partitioner.finish()

        self.run_together(take_part, take_part)
        self.assertEqual(sorted(sum(shares.values(), [])), ["a", "b", "c", "d"])


class Permissions(WithServer):
    def test_digest_acls_are_enforced(self):
        owner = self.connect(auth_data=[("digest", "bob:pw")])
        owner.create(self.path("x"), b"secret", acl=[make_digest_acl("bob", "pw", all=True)])
        self.assertEqual(owner.get(self.path("x"))[0], b"secret")
        self.assertRaises(NoAuthError, self.client.get, self.path("x"))
        self.assertRaises(NoAuthError, self.client.set, self.path("x"), b"")
        self.client.add_auth("digest", "bob:pw")
        self.assertEqual(self.client.get(self.path("x"))[0], b"secret")

    def test_acls_are_read_and_set(self):
        acl = [make_acl("world", "anyone", read=True), make_acl("ip", "127.0.0.1", all=True)]
        self.client.create(self.path("x"), acl=acl)
        stored, stat = self.client.get_acls(self.path("x"))
        self.assertEqual((stored, stat.acl_version), (acl, 0))
        self.assertEqual(self.client.set_acls(self.path("x"), acl[1:], version=0).aversion, 1)
        self.assertEqual(self.client.get_acls(self.path("x"))[0], acl[1:])
        self.assertRaises(BadVersionError, self.client.set_acls, self.path("x"), acl, 0)

    def test_authentication_comes_back_after_a_reconnect(self):
        self.client.add_auth("digest", "bob:pw")
        self.client.create(self.path("x"), b"secret", acl=[make_digest_acl("bob", "pw", all=True)])
        states = Recorder()
        self.client.add_listener(states)
        self.client._connection._socket.shutdown(2)
        states.await_that(lambda seen: KazooState.CONNECTED in seen)
        self.assertEqual(self.client.retry(self.client.get, self.path("x"))[0], b"secret")


class SessionsAndRestarts(WithServer):
    settings = {"tickTime": 1000}

    def test_ephemerals_go_with_their_session(self):
        owner, seen = self.connect(), Recorder()
        owner.create(self.path("e"), ephemeral=True)
        stat = self.client.exists(self.path("e"), watch=seen)
        self.assertEqual(stat.owner_session_id, owner.client_id[0])
        owner.stop()
        seen.await_that(lambda events: [event.type for event in events] == [EventType.DELETED])
        self.assertIsNone(self.client.exists(self.path("e")))

    def test_a_killed_and_restarted_server_keeps_nodes_sessions_and_ephemerals(self):
        states, data = Recorder(), Recorder()
        self.client.add_listener(states)
        session_id = self.client.client_id[0]
        self.client.create(self.path("persistent"), b"kept")
        self.client.create(self.path("ephemeral"), b"kept as well", ephemeral=True)
        self.client.DataWatch(self.path("persistent"), lambda value, stat: data(value))
        lock = self.client.Lock(self.path("lock"), "me")
        lock.acquire(timeout=WAIT_S)
        self.server.kill()
        states.await_that(lambda seen: seen[-1:] == [KazooState.SUSPENDED])
        self.server.start()
        states.await_that(lambda seen: seen[-1:] == [KazooState.CONNECTED])
        self.assertNotIn(KazooState.LOST, states.seen)
        self.assertEqual(self.client.client_id[0], session_id)
        self.assertEqual(self.client.retry(self.client.get, self.path("persistent"))[0], b"kept")
        value, stat = self.client.get(self.path("ephemeral"))
        self.assertEqual((value, stat.owner_session_id), (b"kept as well", session_id))
        self.assertEqual(lock.contenders(), ["me"])
        self.connect().set(self.path("persistent"), b"changed")
        data.await_that(lambda values: values[-1:] == [b"changed"])

    def test_every_acknowledged_write_survives_a_kill(self):
        acknowledged = []
        enough = threading.Event()

        def write():
            try:
                while not enough.is_set():
                    acknowledged.append(self.client.create(self.path("w"), sequence=True))
            except Exception:  # the connection ends with the server
                pass

        writer = threading.Thread(target=write, daemon=True)
        writer.start()
        deadline = threading.Event()
        while len(acknowledged) < 200 and writer.is_alive() and not deadline.wait(0.01):
            pass
        self.server.kill()
        enough.set()  # a request that was made between two connections goes on with the next one
        self.server.start()
        writer.join(WAIT_S)
        self.assertFalse(writer.is_alive())
        children = set(self.connect().get_children(self.root))
        self.assertGreaterEqual(len(acknowledged), 200)
        self.assertEqual([path for path in acknowledged if path.rsplit("/", 1)[1] not in children], [])


def main(arguments):
    global PROGRAM, SCRATCH
    if len(arguments) < 2:
        print(__doc__)
        return 2
    PROGRAM, SCRATCH = arguments[:2]
    os.makedirs(SCRATCH, exist_ok=True)
    logging.getLogger("kazoo").addHandler(logging.NullHandler())
    program = unittest.main(argv=[sys.argv[0]] + arguments[2:], exit=False, verbosity=2)
    return 0 if program.result.wasSuccessful() else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
