"""Servers that join, leave and change their role while clients go on, and a real ZooKeeper beside them for the answers.

The requests of `REQUESTS` go to three servers of each kind; what ZooKeeper 3.8 answers is the expectation.
"""

import base64
import hashlib
import os
import re
import shutil
import threading
import time
import unittest

from kazoo.client import KazooClient
from kazoo.exceptions import KazooException, NewConfigNoQuorumError

import harness
from harness import LOOPBACK, await_that, free_port, four_letter_word, main, servers

CONFIG = "/zookeeper/config"
SUPER = ("digest", "super:secret")
SUPER_DIGEST = "super:" + base64.b64encode(hashlib.sha1(b"super:secret").digest()).decode()
JOIN_TIMEOUT_S = 60.0


class Fleet:
    """Servers by id, each with ports of its own, of which some form an ensemble."""

    def __init__(self, test, make_node, settings=None):
        self.test, self.make_node = test, make_node
        self.settings = {"reconfigEnabled": "true", "DigestAuthenticationProvider.superDigest": SUPER_DIGEST,
                         "4lw.commands.whitelist": "*", "initLimit": 10, "syncLimit": 5, **(settings or {})}
        self.ports, self.nodes = {}, {}

    def spec(self, number, role="participant"):
        if number not in self.ports:
            self.ports[number] = (free_port(), free_port(), free_port())
        quorum, election, client = self.ports[number]
        return f"{LOOPBACK}:{quorum}:{election}:{role};{LOOPBACK}:{client}"

    def line(self, number, role="participant"):
        return f"server.{number}={self.spec(number, role)}"

    def add(self, number, members, settings=None):
        """A server that is told of these members ({id: role}); not started yet."""
        self.spec(number)
        lines = {f"server.{each}": self.spec(each, role) for each, role in members.items()}
        node = self.make_node({**lines, **self.settings, **(settings or {})}, self.ports[number][2])
        os.makedirs(node.data_directory, exist_ok=True)
        with open(os.path.join(node.data_directory, "myid"), "w", encoding="ascii") as file:
            file.write(str(number))
        self.nodes[number] = node
        return node

    def found(self, numbers, settings=None):
        members = {number: "participant" for number in numbers}
        for number in numbers:
            self.add(number, members, settings).launch()
        for number in numbers:
            self.nodes[number].await_serving()
        return self

    def join(self, number, role="participant", known=(1, 2, 3)):
        """Starts a server that knows the others and itself, and waits until it serves, without a vote."""
        node = self.add(number, {**{each: "participant" for each in known}, number: role})
        node.launch()
        node.await_serving()
        return node

    def client(self, *numbers):
        """Of kazoo, as the super user."""
        hosts = ",".join(f"{LOOPBACK}:{self.ports[number][2]}" for number in numbers)
        made = KazooClient(hosts=hosts, timeout=20.0, auth_data=[SUPER], randomize_hosts=False)
        self.test.addCleanup(made.close)
        self.test.addCleanup(made.stop)
        made.start(timeout=harness.WAIT_S)
        return made

    def session(self, number):
        """Of the wire client, as the super user."""
        made = self.test.session(self.nodes[number])
        made.must("auth", scheme=SUPER[0], auth=SUPER[1].encode())
        return made

    def mode(self, number):
        text = four_letter_word(self.nodes[number], b"srvr") or ""
        found = re.search(r"^Mode: (\w+)$", text, re.MULTILINE)
        return found.group(1) if found else ""

    def running(self):
        return [number for number, node in self.nodes.items() if node.is_running()]

    def leader(self):
        return await_that(
            lambda: next((each for each in self.running() if self.mode(each) == "leader"), None), "somebody leads")

    def followers(self):
        leader = self.leader()
        return [each for each in self.running() if self.mode(each) == "follower" and each != leader]

    def anonymous(self, text):
        """The same for all fleets: ports by what they are for, and no version."""
        for number, ports in self.ports.items():
            for port, name in zip(ports, ("quorum", "election", "client")):
                text = text.replace(f":{port}", f":{name}-{number}")
        return re.sub(r"version=[0-9a-f]+$", "version", text)


def config_of(client):
    client.sync(CONFIG)
    return client.get(CONFIG)[0].decode()


def version_of(text):
    return int(re.search(r"^version=([0-9a-f]+)$", text, re.MULTILINE).group(1), 16)


def ids_of(text):
    return {int(number) for number in re.findall(r"^server\.(\d+)=", text, re.MULTILINE)}


class Load:
    """Creates /load/N through kazoo, one after the other; what was acknowledged is counted."""

    def __init__(self, client):
        self.client = client
        client.ensure_path("/load")
        self.acknowledged, self.failures = [], 0
        self.is_stopping = threading.Event()
        self.thread = threading.Thread(target=self.run)
        self.thread.start()

    def run(self):
        number = 0
        while not self.is_stopping.is_set():
            try:
                self.client.create(f"/load/{number}", b"x")
                self.acknowledged.append(str(number))
            except KazooException:
                self.failures += 1  # the outcome is unknown: it need not be there
                time.sleep(0.01)
            number += 1

    def await_more(self, count=50):
        wanted = len(self.acknowledged) + count
        await_that(lambda: len(self.acknowledged) >= wanted, f"{count} further writes", JOIN_TIMEOUT_S)

    def stop(self):
        self.is_stopping.set()
        self.thread.join()


class FleetTest(harness.TestCase):
    def fleet(self, settings=None):
        return Fleet(self, lambda lines, port: self.node(lines, port=port), settings)

    def load(self, client):
        made = Load(client)
        self.addCleanup(made.stop)
        made.await_more()
        return made

    def assert_all_found(self, load, fleet, numbers):
        load.stop()
        for number in numbers:
            client = fleet.client(number)
            client.sync("/load")
            missing = set(load.acknowledged) - set(client.get_children("/load"))
            self.assertEqual(missing, set(), f"lost at server {number} of {len(load.acknowledged)}")


class ConfigTest(FleetTest):
    def test_all_servers_show_the_same_text_from_the_first_epoch_on(self):
        fleet = self.fleet().found([1, 2, 3])
        texts = {config_of(fleet.client(number)) for number in (1, 2, 3)}
        self.assertEqual(len(texts), 1)
        text = texts.pop()
        founded = version_of(text)
        self.assertEqual(founded % 2 ** 32, 0)  # the start of the epoch of whoever was elected first
        self.assertEqual(text, "\n".join(fleet.line(number) for number in (1, 2, 3)) + f"\nversion={founded:x}")
        stat = fleet.client(1).get(CONFIG)[1]
        self.assertEqual((stat.version, stat.aversion, stat.czxid, stat.mzxid), (-1, -1, 0, founded))

    def test_a_watch_at_any_server_hears_of_a_change(self):
        fleet = self.fleet().found([1, 2, 3])
        watchers = [self.session(fleet.nodes[number]) for number in (1, 2, 3)]
        for watcher in watchers:
            watcher.must("getData", path=CONFIG, watch=True)
        data, _ = fleet.client(1).reconfig(joining=fleet.line(4, "observer"), leaving=None, new_members=None)
        for watcher in watchers:
            await_that(lambda each=watcher: each.must("ping") and each.events, "the event")
            self.assertEqual([event["path"] for event in watcher.events], [CONFIG])
            self.assertEqual(watcher.must("getData", path=CONFIG)["data"], data)

    def test_it_survives_a_restart_of_all(self):
        fleet = self.fleet().found([1, 2, 3])
        before, _ = fleet.client(1).reconfig(joining=None, leaving="3", new_members=None)
        for number in (1, 2, 3):
            fleet.nodes[number].kill()
        for number in (1, 2):
            fleet.nodes[number].launch()
        for number in (1, 2):
            fleet.nodes[number].await_serving()
            self.assertEqual(config_of(fleet.client(number)), before.decode())

    def test_a_replaced_disk_is_no_change_that_clients_see(self):
        fleet = self.fleet().found([1, 2, 3])
        leader, replaced = fleet.leader(), fleet.followers()[0]
        admitted = "storage of a member admitted"
        before, count = config_of(fleet.client(leader)), fleet.nodes[leader].log().count(admitted)
        fleet.nodes[replaced].kill()
        shutil.rmtree(fleet.nodes[replaced].own_directory)
        fleet.nodes[replaced].launch()
        await_that(lambda: fleet.nodes[leader].log().count(admitted) > count, "its storage is admitted")
        fleet.nodes[replaced].await_serving()
        self.assertEqual(config_of(fleet.client(replaced)), before)
        fleet.client(replaced).reconfig(joining=fleet.line(4, "observer"), leaving=None, new_members=None)


def take_over_files(node):
    """The next start finds the configuration as the server has left it."""
    with open(os.path.join(node.directory, "zoo.cfg"), encoding="utf-8") as file:
        node.settings = dict(line.rstrip("\n").split("=", 1) for line in file)


class DynamicFileTest(FleetTest):
    def started_with_ports_only(self, fleet):
        """Three servers whose lines leave the address for clients open."""
        lines = [fleet.line(number).replace(f";{LOOPBACK}:", ";") for number in (1, 2, 3)]
        for number in (1, 2, 3):
            node = fleet.add(number, {})
            dynamic = os.path.join(node.directory, "zoo.cfg.dynamic")
            node.settings["dynamicConfigFile"] = dynamic
            with open(dynamic, "w", encoding="ascii") as file:
                file.write("\n".join(lines) + "\n")
            node.launch()
        return [fleet.nodes[number].await_serving() for number in (1, 2, 3)]

    def assert_listens_on_loopback(self, node, port):
        node.await_log(f"listening for clients address={LOOPBACK}:{port} ")
        self.assertNotIn(f"0.0.0.0:{port}", node.log())

    def test_a_start_with_the_files_that_it_wrote_opens_the_same_address(self):
        fleet = self.fleet()
        nodes = self.started_with_ports_only(fleet)
        for node in nodes:
            node.await_log("dynamic configuration file written path=")
        self.assertIn(f";0.0.0.0:{nodes[0].port}\n", config_of(fleet.client(1)))
        for node in nodes[:2]:
            node.stop()
            take_over_files(node)
            self.assertNotIn("clientPort", node.settings)
            self.assertEqual(node.settings["clientPortAddress"], LOOPBACK)
        del nodes[0].settings["clientPortAddress"]     # nothing but the default keeps it on the loopback
        for node in nodes[:2]:
            node.launch()
        for node in nodes[:2]:
            node.await_serving()
            self.assert_listens_on_loopback(node, node.port)

    def test_a_client_port_that_was_changed_is_taken_at_the_next_start(self):
        fleet = self.fleet()
        node = self.started_with_ports_only(fleet)[0]
        quorum, election, _ = fleet.ports[1]
        changed = free_port()
        line = f"server.1={LOOPBACK}:{quorum}:{election};{changed}"
        text = fleet.client(2).reconfig(joining=line, leaving=None, new_members=None)[0].decode()
        node.await_log(f"dynamic configuration file written path={node.directory}/zoo.cfg.dynamic.{version_of(text):x}")
        node.stop()
        take_over_files(node)
        node.launch()
        node.await_serving()
        self.assert_listens_on_loopback(node, changed)

    def test_each_membership_is_written_beside_the_one_before(self):
        fleet = self.fleet()
        lines = [fleet.line(number) for number in (1, 2, 3)]
        for number in (1, 2, 3):
            node = fleet.add(number, {})
            dynamic = os.path.join(node.directory, "zoo.cfg.dynamic")
            node.settings["dynamicConfigFile"] = dynamic
            with open(dynamic, "w", encoding="ascii") as file:
                file.write("\n".join(lines) + "\n")
            node.launch()
        for number in (1, 2, 3):
            fleet.nodes[number].await_serving()
        text = fleet.client(1).reconfig(joining=fleet.line(4, "observer"), leaving=None, new_members=None)[0].decode()
        for number in (1, 2, 3):
            node = fleet.nodes[number]
            path = os.path.join(node.directory, f"zoo.cfg.dynamic.{version_of(text):x}")
            node.await_log(f"dynamic configuration file written path={path}")
            with open(path, encoding="ascii") as file:
                self.assertEqual(file.read() + f"version={version_of(text):x}", text)
            with open(os.path.join(node.directory, "zoo.cfg"), encoding="utf-8") as file:
                self.assertIn(f"dynamicConfigFile={path}\n", file.read())


# name, fields of the request ({s4} is the text of server 4 as a participant, {o4} as an observer)
REQUESTS = (
    ("nobody joins or leaves", {"joining": "", "leaving": ""}),
    ("no lists at all", {}),
    ("an unknown server leaves", {"leaving": "9"}),
    ("a wrong version", {"leaving": "9", "config_id": 5}),
    ("without a client port", {"joining": "server.4=127.0.0.1:1:2"}),
    ("no server line", {"joining": "garbage"}),
    ("no address", {"joining": "server.4=garbage"}),
    ("an observer that is not there joins", {"joining": "server.4={o4}"}),
    ("it leaves", {"leaving": "4"}),
    ("a participant that is not there joins", {"joining": "server.4={s4}"}),
    ("it leaves again", {"leaving": "4,"}),
    ("one voter would be left", {"leaving": "2,3"}),
    ("no voter would be left", {"leaving": "1,2,3"}),
    ("no quorum of the new members is there", {"members": "server.1={s1},server.7={s7},server.8={s8}"}),
    ("a list of nothing", {"members": ""}),
    ("a list of garbage", {"members": "garbage"}),
    ("a list with another key", {"members": "foo.1=bar"}),
    ("weights without groups", {"members": "server.1={s1},server.2={s2},server.3={s3},weight.1=2"}),
    ("a voter without a group", {"members": "server.1={s1},server.2={s2},server.3={s3},group.1=1:2"}),
    ("groups", {"members": "server.1={s1}\nserver.2={s2}\nserver.3={s3}\ngroup.1=1:2\ngroup.2=3\nweight.1=2"}),
    ("lists while there are groups", {"leaving": "3"}),
    ("a list in any order", {"members": "server.3={s3},server.2={s2},server.1={s1}"}),
    ("a list with a version", {"members": "server.3={s3}\nserver.2={s2}\nserver.1={s1}\nversion=5"}),
    ("a list beats the others", {"members": "server.3={s3},server.2={s2},server.1={s1}", "joining": "garbage"}),
    ("one joins twice", {"joining": "server.4={o4},server.4={o4}"}),
    ("with spaces", {"joining": "server.4 = {o4}"}),
    ("another role", {"leaving": "4", "joining": "server.4=127.0.0.1:1:2:boss;3"}),
    ("one port for two uses", {"joining": "server.4=127.0.0.1:1:1:observer;3"}),
    ("another word before the number", {"joining": "foo.4={o4}"}),
    ("leaves and joins", {"leaving": "4", "joining": "4={o4}"}),
)


@unittest.skipUnless(servers.is_zookeeper_installed(), "needs the Debian package zookeeper")
class AnswersTest(FleetTest):
    def answers(self, fleet):
        """Of a follower, as the super user."""
        names = {f"s{number}": fleet.spec(number) for number in (1, 2, 3, 4, 7, 8)}
        names["o4"] = fleet.spec(4, "observer")
        fleet.found([1, 2, 3])
        session = fleet.session(fleet.followers()[0])
        answers = {}
        for name, fields in REQUESTS:
            filled = {key: value.format(**names) if isinstance(value, str) else value for key, value in fields.items()}
            reply = session.call("reconfig", **filled)
            if reply["err"] != 0:
                answers[name] = reply["err"]
                continue
            text = reply["data"].decode()
            self.assertEqual(session.must("getData", path=CONFIG)["data"].decode(), text, name)
            self.assertEqual(reply["stat"]["version"], -1, name)
            answers[name] = fleet.anonymous(text)
        plain = self.session(fleet.nodes[fleet.leader()])
        answers["nobody special asks"] = plain.call("reconfig", leaving="9")["err"]
        return answers

    def test_they_are_those_of_zookeeper(self):
        def real_node(lines, port):
            made = servers.ZooKeeper(self.scratch, lines, port)
            del made.settings["clientPort"], made.settings["clientPortAddress"]
            self.addCleanup(made.kill)
            return made
        self.assertEqual(self.answers(self.fleet()), self.answers(Fleet(self, real_node)))

    def test_it_can_be_switched_off(self):
        fleet = self.fleet({"reconfigEnabled": "false"}).found([1, 2, 3])
        self.assertEqual(fleet.session(1).call("reconfig", leaving="3")["err"], -123)


class ChangeTest(FleetTest):
    def setUp(self):
        super().setUp()
        self.servers = self.fleet().found([1, 2, 3])

    def reconfig(self, client, joining=None, leaving=None):
        data, _ = client.reconfig(joining=joining, leaving=leaving, new_members=None)
        return data.decode()

    def test_three_become_five_and_three_again_under_load(self):
        fleet = self.servers
        load = self.load(fleet.client(1, 2, 3))
        admin = fleet.client(1, 2, 3)
        for number in (4, 5):
            fleet.join(number)
            self.assertEqual(fleet.mode(number), "observer")
            text = self.reconfig(admin, joining=fleet.line(number))
            self.assertIn(number, ids_of(text))
            load.await_more()
            await_that(lambda each=number: fleet.mode(each) == "follower", "it has a vote")
        for number in (2, 3):
            text = self.reconfig(admin, leaving=str(number))
            self.assertNotIn(number, ids_of(text))
            fleet.nodes[number].kill()  # at once: the rest lives on
            load.await_more()
        self.assertEqual(ids_of(config_of(fleet.client(4))), {1, 4, 5})
        self.assert_all_found(load, fleet, [1, 4, 5])

    def test_the_leader_is_removed_and_the_rest_lives_on(self):
        fleet = self.servers
        leader, followers = fleet.leader(), fleet.followers()
        load = self.load(fleet.client(*followers))
        text = self.reconfig(fleet.client(leader), leaving=str(leader))
        self.assertEqual(ids_of(text), set(followers))
        await_that(lambda: fleet.mode(leader) == "observer", "it goes on without a vote")
        self.assertIn(fleet.leader(), followers)
        load.await_more()
        self.assertEqual(config_of(fleet.client(leader)), text)
        fleet.nodes[leader].kill()
        load.await_more()
        self.assert_all_found(load, fleet, followers)
        self.assertEqual(load.failures, 0)

    def test_an_observer_serves_and_is_promoted(self):
        fleet = self.servers
        fleet.join(4, "observer")
        self.reconfig(fleet.client(1), joining=fleet.line(4, "observer"))
        observer, elsewhere = fleet.client(4), fleet.client(1)
        observer.create("/from-observer", b"1")
        heard = threading.Event()
        self.assertEqual(observer.get("/from-observer", watch=lambda _: heard.set())[0], b"1")
        elsewhere.sync("/")
        elsewhere.set("/from-observer", b"2")
        self.assertTrue(heard.wait(harness.WAIT_S))
        self.assertEqual(observer.get("/from-observer")[0], b"2")
        self.assertEqual(fleet.mode(4), "observer")
        # Without a vote it is no help: two of three are gone.
        killed = fleet.followers()
        for number in killed:
            fleet.nodes[number].kill()
        await_that(lambda: fleet.mode(4) == "", "no quorum")
        for number in killed:
            fleet.nodes[number].launch()
            fleet.nodes[number].await_serving()
        admin = fleet.client(1)
        await_that(lambda: fleet.mode(4) == "observer", "it serves again")
        self.assertIn(fleet.line(4), self.reconfig(admin, joining=fleet.line(4)))
        await_that(lambda: fleet.mode(4) == "follower", "it votes")
        self.assertIn(fleet.line(4, "observer"), self.reconfig(admin, joining=fleet.line(4, "observer")))
        await_that(lambda: fleet.mode(4) == "observer", "it does not vote any more")

    def test_a_server_moves_to_other_ports(self):
        fleet = self.servers
        moved = fleet.followers()[0]
        quorum, election = free_port(), free_port()
        fleet.ports[moved] = (quorum, election, fleet.ports[moved][2])
        self.assertIn(f":{quorum}:", self.reconfig(fleet.client(fleet.leader()), joining=fleet.line(moved)))
        fleet.nodes[moved].await_log(f"listening for servers address={LOOPBACK}:{quorum}")
        # Whoever is started now finds it there.
        other = next(number for number in (1, 2, 3) if number not in (moved, fleet.leader()))
        fleet.nodes[other].kill()
        fleet.nodes[fleet.leader()].kill()
        fleet.nodes[other].launch()
        fleet.nodes[other].await_serving()
        fleet.client(moved).create("/after", b"")

    def test_the_leader_is_killed_in_the_middle(self):
        fleet = self.servers
        fleet.join(4)
        load = self.load(fleet.client(*fleet.followers()))
        admins = {number: fleet.client(number) for number in (1, 2, 3)}
        for joins in (True, False, True, False):
            leader = fleet.leader()
            asked = next(number for number in fleet.followers() if number != 4)
            change = (fleet.line(4), None) if joins else (None, "4")
            pending = admins[asked].reconfig_async(*change, None, -1)
            fleet.nodes[leader].kill()
            try:
                text = pending.get(timeout=JOIN_TIMEOUT_S)[0].decode()  # whoever leads then answers
            except NewConfigNoQuorumError:
                text = config_of(admins[asked])  # the next leader was asked before the others had found it
            self.assertEqual(config_of(admins[asked]), text)
            fleet.nodes[leader].launch()
            fleet.nodes[leader].await_serving()
            await_that(lambda change=change, joins=joins: self.is_done(admins[asked], change, joins), "it is done")
            load.await_more(20)
        self.assert_all_found(load, fleet, [1, 2, 3])

    @staticmethod
    def is_done(admin, change, joins):
        """Asks until it is so."""
        if (4 in ids_of(config_of(admin))) == joins:
            return True
        try:
            admin.reconfig(*change, None)
        except NewConfigNoQuorumError:
            pass
        return False

    def test_a_joiner_does_not_count_before_it_is_a_member(self):
        fleet = self.servers
        fleet.join(4)
        leader = fleet.leader()
        for number in [each for each in (1, 2, 3) if each != leader][:1] + [leader]:
            fleet.nodes[number].kill()
        time_of_silence = time.monotonic()
        await_that(lambda: fleet.mode(4) == "" and time.monotonic() - time_of_silence > 3, "nobody leads")
        self.assertNotIn("leader", [fleet.mode(number) for number in fleet.running()])


class WeightTest(FleetTest):
    def test_one_server_may_weigh_more_than_the_others(self):
        fleet = self.fleet().found([1, 2, 3], {"group.1": "1:2:3", "weight.1": "3"})
        self.assertIn("group.1=1:2:3\nweight.1=3\nweight.2=1\nweight.3=1\n", config_of(fleet.client(1)))
        for number in (2, 3):
            fleet.nodes[number].kill()
        await_that(lambda: fleet.mode(1) == "leader", "it leads alone")
        fleet.client(1).create("/alone", b"")

    def test_a_group_that_is_down_is_outvoted_by_the_others(self):
        fleet = self.fleet().found([1, 2, 3], {"group.1": "1", "group.2": "2", "group.3": "3"})
        await_that(lambda: "unseen=0" in fleet.nodes[1].log(), "all three vote")
        fleet.nodes[3].kill()
        await_that(lambda: "leader" in (fleet.mode(1), fleet.mode(2)), "two groups of three decide")
        fleet.client(1, 2).create("/two-groups", b"")
        fleet.nodes[2].kill()
        await_that(lambda: fleet.mode(1) == "", "one group of three decides nothing")


class GrowthTest(FleetTest):
    def test_an_ensemble_of_one_grows(self):
        fleet = self.fleet({"standaloneEnabled": "false"}).found([1])
        self.assertEqual(fleet.mode(1), "leader")
        client = fleet.client(1)
        client.create("/before", b"")
        for number in (2, 3):
            fleet.join(number, known=(1,))
            await_that(lambda number=number: self.has_joined(client, fleet.line(number)), "the leader has heard of it")
        self.assertEqual(ids_of(config_of(client)), {1, 2, 3})
        fleet.nodes[1].kill()
        self.assertTrue(fleet.client(2, 3).exists("/before"))

    @staticmethod
    def has_joined(client, line):
        """Two of two must be there: the leader may not have heard from the second one yet."""
        try:
            client.reconfig(joining=line, leaving=None, new_members=None)
            return True
        except NewConfigNoQuorumError:
            return False

    def test_a_server_that_ran_alone_becomes_one_of_three(self):
        fleet = self.fleet()
        alone = fleet.add(1, {})
        alone.launch()
        alone.await_serving()
        fleet.client(1).create("/before", b"")
        self.assertEqual(config_of(fleet.client(1)), "")
        self.assertEqual(alone.terminate(), 0)
        members = {number: "participant" for number in (1, 2, 3)}
        alone.settings.update({f"server.{number}": fleet.spec(number) for number in members})
        alone.launch()
        alone.await_serving()
        for number in (2, 3):
            fleet.add(number, members).launch()
        await_that(lambda: re.search(r"voters=3 .*unseen=0|admitted .*unseen=0", alone.log()), "all three vote")
        self.assertEqual(ids_of(config_of(fleet.client(1))), {1, 2, 3})
        alone.kill()
        self.assertTrue(fleet.client(2, 3).exists("/before"))


if __name__ == "__main__":
    main()
