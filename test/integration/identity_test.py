#!/usr/bin/python3
"""Servers that are not who they should be: identity_test.py CONCLAVED

Wrong addresses, wrong ids and copied data directories are mistakes of people. They are told on both sides, not too often,
and cost nobody else anything.
"""

import os
import shutil

import harness
from ensembles import Ensemble, names, write_id
from harness import LOOPBACK, await_that, free_port, main


class Identity(harness.TestCase):

    def setUp(self):
        super().setUp()
        self.ensemble = Ensemble(self).start()
        self.session(self.ensemble.nodes[0]).must("create", path="/written", data=b"")

    def assert_unharmed(self):
        session = self.session(self.ensemble.leader())
        session.must("create", path="/written/again", data=b"")
        self.assertEqual(names(session, "/written"), {"again"})

    def intruder(self, number, **lines):
        """A server with the addresses of the ensemble, but for some `lines`."""
        made = self.node(dict(self.ensemble.nodes[0].settings, dataDir=None, clientPort=None, **lines))
        made.settings.update(dataDir=made.data_directory, clientPort=made.port)
        write_id(made, number)
        return made

    def assert_told_rarely(self, node, text, count_max):
        node.await_log(text)
        self.assertLessEqual(node.log().count(text), count_max)

    def test_a_server_of_another_ensemble_is_refused_by_both_sides(self):
        own = self.ensemble.nodes[0]
        own.stop()
        stray = self.node({}).start()  # the founder of an ensemble of one
        stray.stop()
        stray.settings.update({key: value for key, value in own.settings.items() if key.startswith("server.")})
        write_id(stray, 1)
        stray.launch()
        for number in (2, 3):
            stray.await_log(f'refused by server peer={number} ')
        self.assert_says(stray.log(), r"error .*server 1 belongs to cluster [0-9a-f]{32}, not to [0-9a-f]{32}: check the "
                                      r"addresses, or empty its data directory")
        self.assert_told_rarely(self.ensemble.nodes[1], "server refused peer=1", 6)
        stray.stop()
        own.start()
        self.assert_unharmed()

    def test_a_server_without_history_joins_whom_it_is_sent_to(self):
        emptied = self.ensemble.followers()[0]
        emptied.stop()
        shutil.rmtree(emptied.own_directory)
        emptied.start()
        self.assertIn("written", names(self.session(emptied), "/"))

    def test_a_data_directory_under_another_id_is_not_started_on(self):
        robbed, copier = self.ensemble.followers()
        for node in (robbed, copier):
            node.stop()
        shutil.rmtree(copier.own_directory)
        shutil.copytree(robbed.own_directory, copier.own_directory)
        text = copier.refuses_to_start()
        own, other = self.ensemble.index(robbed) + 1, self.ensemble.index(copier) + 1
        self.assertIn(f"the data directory belongs to server {own} of the ensemble, but this server has the id {other}", text)
        robbed.start()
        self.assert_unharmed()

    def test_a_second_server_with_the_same_id_is_refused_by_both_sides(self):
        second = self.intruder(2, **{"server.2": f"{LOOPBACK}:{free_port()}:{free_port()}"})
        second.launch()
        for number in (1, 3):
            second.await_log(f"refused by server peer={number} ")
            self.assert_told_rarely(self.ensemble.nodes[number - 1], "the id 2 is in use by another server", 6)
        self.assert_says(second.log(), r"error .*the id 2 is in use by another server, at \S+: give each server an id")
        self.assertEqual(self.ensemble.mode(second), "")
        self.assert_unharmed()

    def test_a_server_with_history_finds_the_others_by_its_log(self):
        """Whatever its configuration file says by now."""
        first = self.ensemble.nodes[0]
        first.stop()
        lines = first.settings
        lines["server.2"], lines["server.3"] = lines["server.3"], lines["server.2"]
        first.start()
        self.session(first).must("exists", path="/written")
        self.assertNotIn("was dialed, but", first.log())


class Founding(harness.TestCase):
    """db.autocreate and the file `initialize`."""

    def test_servers_without_data_wait_until_they_may_begin(self):
        ensemble = Ensemble(self, {"db.autocreate": "false"})
        for node in ensemble.nodes:
            node.launch()
            node.await_log("listening for clients")
        self.assertEqual([ensemble.mode(node) for node in ensemble.nodes], ["", "", ""])
        for node in ensemble.nodes[:2]:
            node.stop()
            self.make_initialize_file(node)
            node.launch()
        for node in ensemble.nodes:
            node.await_serving()
        for node in ensemble.nodes[:2]:
            await_that(lambda: not os.path.exists(self.initialize_file(node)), "the file is gone")

    def test_a_disk_that_was_lost_does_not_found_a_second_ensemble(self):
        ensemble = Ensemble(self, {"db.autocreate": "false"})
        for node in ensemble.nodes:
            self.make_initialize_file(node)
        ensemble.start()
        self.session(ensemble.nodes[0]).must("create", path="/written", data=b"")
        for node in ensemble.nodes:
            await_that(lambda: not os.path.exists(self.initialize_file(node)), "the file is gone")
        ensemble.kill()
        for node in ensemble.nodes:
            shutil.rmtree(node.own_directory)
        for node in ensemble.nodes:
            node.launch()
            node.await_log("listening for clients")
        self.assertEqual([ensemble.mode(node) for node in ensemble.nodes], ["", "", ""])

    def test_a_server_alone_says_what_it_needs(self):
        node = self.node({"db.autocreate": "false"})
        self.assertIn("make a file \"initialize\"", node.refuses_to_start())
        self.make_initialize_file(node)
        node.start()
        await_that(lambda: not os.path.exists(self.initialize_file(node)), "the file is gone")
        node.stop()
        node.start()

    @staticmethod
    def initialize_file(node):
        return os.path.join(node.data_directory, "initialize")

    def make_initialize_file(self, node):
        os.makedirs(node.data_directory, exist_ok=True)
        with open(self.initialize_file(node), "w", encoding="ascii"):
            pass


class HighestId(harness.TestCase):

    def test_ephemerals_of_server_255_go_with_their_sessions(self):
        node = self.node({"server.255": f"{LOOPBACK}:{free_port()}:{free_port()}"})
        write_id(node, 255)
        node.start()
        owner, other = self.session(node), self.session(node)
        owner.must("create", path="/of-255", flags=1)
        self.assertEqual(other.must("exists", path="/of-255")["stat"]["ephemeralOwner"], owner.session_id)
        owner.must("closeSession")
        self.assertEqual(other.call("exists", path="/of-255")["err"], -101)


if __name__ == "__main__":
    main()
