#!/usr/bin/python3
"""Servers that do not all count the same: observers, and voters with other weights: roles_test.py CONCLAVED"""

import harness
from ensembles import Ensemble, Writer, names
from harness import await_that, main


class Observers(harness.TestCase):

    def setUp(self):
        super().setUp()
        self.ensemble = Ensemble(self, observers=1).start()
        self.observer = self.ensemble.nodes[3]
        self.voters = self.ensemble.nodes[:3]
        self.client = self.session(self.observer)
        self.client.must("create", path="/written", data=b"")

    def test_it_serves_reads_and_writes_and_watches(self):
        self.assertEqual(self.ensemble.mode(self.observer), "observer")
        self.client.must("create", path="/mine", flags=1)
        self.client.must("getData", path="/written", watch=True)
        elsewhere = self.session(self.ensemble.leader())
        elsewhere.must("exists", path="/mine")
        elsewhere.must("setData", path="/written", data=b"2", version=-1)
        await_that(lambda: self.client.must("ping") and self.client.events, "the event")
        self.client.must("sync", path="/")
        self.assertEqual(self.client.must("getData", path="/written")["data"], b"2")

    def test_its_clients_do_not_notice_that_leaders_die(self):
        writer = Writer(self.client)
        self.addCleanup(writer.stop)
        for _ in range(2):
            leader = self.ensemble.leader()
            writer.await_more(30)
            leader.kill()
            writer.await_more(30)
            leader.start()
        writer.stop()
        self.assertIsNone(writer.failure)
        for node in self.ensemble.nodes:
            self.assertLessEqual(set(writer.acknowledged), names(self.session(node), "/written"))

    def test_it_counts_neither_for_nor_against_a_quorum(self):
        first, second, third = self.voters
        self.observer.kill()
        first.kill()
        writer = self.session(second)
        writer.must("create", path="/without-it", data=b"")
        second.kill()
        self.observer.launch()
        await_that(lambda: self.ensemble.mode(third) == "", "one voter of three serves no more")
        self.observer.await_log("listening for clients")
        await_that(lambda: self.ensemble.mode(self.observer) == "", "an observer of nobody serves no more")
        self.ensemble.start()
        await_that(lambda: self.ensemble.mode(self.observer) == "observer", "the observer serves again")
        self.assertIn("without-it", names(self.session(self.observer), "/"))


class Weights(harness.TestCase):

    def test_a_voter_without_weight_follows_and_decides_nothing(self):
        ensemble = Ensemble(self, {"group.1": "1:2:3", "weight.1": 1, "weight.2": 1, "weight.3": 0}).start()
        first, second, light = ensemble.nodes
        self.assertIn(ensemble.leader(), (first, second))
        light.kill()
        self.session(first).must("create", path="/without-it", data=b"")
        light.start()
        self.assertIn("without-it", names(self.session(light), "/"))
        second.kill()
        for node in (first, light):
            await_that(lambda: ensemble.mode(node) == "", "half of the weight is no quorum")
        second.start()
        ensemble.await_all_serve()

    def test_a_majority_of_groups_is_a_quorum(self):
        """Six servers: two of each group of two have to be there, of two groups of three."""
        groups = {"group.1": "1:2", "group.2": "3:4", "group.3": "5:6"}
        ensemble = Ensemble(self, groups, count=6).start()
        for node in ensemble.nodes[4:]:
            node.kill()
        ensemble.leader()
        ensemble.nodes[0].await_serving()
        session = self.session(ensemble.nodes[0])
        session.must("create", path="/two-groups", data=b"")
        ensemble.nodes[3].kill()
        await_that(lambda: ensemble.mode(ensemble.nodes[0]) == "", "one group and a half are no quorum")
        ensemble.start()
        self.assertIn("two-groups", names(self.session(ensemble.nodes[5]), "/"))


if __name__ == "__main__":
    main()
