#!/usr/bin/python3
"""Real servers that cannot hear each other, or hear each other too late: partition_test.py CONCLAVED"""

import harness
from chaos_test import UnderLoad
from ensembles import Ensemble, compiled, free_ports, names, preload
from harness import LOOPBACK, await_that, connects, main


class Partitions(UnderLoad):
    is_divisible = True

    def setUp(self):
        super().setUp()
        self.leader = self.ensemble.leader()
        self.own = self.ensemble.index(self.leader)
        self.others = [number for number in range(3) if number != self.own]
        self.network = self.ensemble.network

    def judge(self):
        """Everybody serves again, and what clients saw was right."""
        self.ensemble.await_all_serve()
        self.load.await_more()
        self.load.finish()

    def test_an_isolated_leader_stops_serving_and_comes_back(self):
        self.network.isolate(self.own)
        self.ensemble.leader(besides=[self.leader])
        await_that(lambda: self.ensemble.mode(self.leader) == "", "the old leader serves no more")
        self.assertFalse(connects(self.leader))
        self.load.await_more()
        self.network.heal()
        self.judge()

    def test_what_arrives_late_from_an_old_leader_changes_nothing(self):
        for _ in range(2):
            leader = self.ensemble.leader()
            self.network.isolate(self.ensemble.index(leader))
            self.ensemble.leader(besides=[leader])
            self.load.await_more()
            self.network.heal()     # all that it said arrives now
            self.ensemble.await_all_serve()
        self.judge()

    def test_a_leader_that_hears_nobody_makes_room(self):
        for other in self.others:
            self.network.hold(other, self.own)
        self.ensemble.leader(besides=[self.leader])
        self.load.await_more()
        self.network.heal()
        self.judge()

    def test_a_leader_that_nobody_hears_makes_room(self):
        for other in self.others:
            self.network.hold(self.own, other)
        self.ensemble.leader(besides=[self.leader])
        self.load.await_more()
        self.network.heal()
        self.judge()

    def test_service_goes_on_while_two_servers_do_not_hear_each_other(self):
        """Both hear the third one."""
        self.network.divide([self.own], [self.others[0]])
        self.load.await_more(200)
        self.network.heal()
        self.network.cut(self.own, self.others[0])
        self.load.await_more(200)
        self.network.heal()
        self.judge()

    def test_an_isolated_follower_disturbs_nobody_when_it_returns(self):
        follower = self.others[0]
        self.network.isolate(follower)
        await_that(lambda: self.ensemble.mode(self.ensemble.nodes[follower]) == "", "it serves no more")
        self.load.await_more(200)
        self.network.heal(reset=True)
        self.ensemble.await_all_serve()
        self.assertEqual(self.ensemble.mode(self.leader), "leader")
        self.judge()


class FiveServers(harness.TestCase):

    def test_the_greater_part_serves_and_the_smaller_one_does_not(self):
        ensemble = Ensemble(self, count=5, is_divisible=True).start()
        leader = ensemble.index(ensemble.leader())
        few = [leader, (leader + 1) % 5]
        many = [number for number in range(5) if number not in few]
        self.session(ensemble.nodes[many[0]]).must("create", path="/before", data=b"")
        ensemble.network.divide(few, many)
        ensemble.leader(besides=[ensemble.nodes[number] for number in few])
        self.session(ensemble.nodes[many[1]]).must("create", path="/meanwhile", data=b"")
        for number in few:
            await_that(lambda: ensemble.mode(ensemble.nodes[number]) == "", "the smaller part serves no more")
        ensemble.network.heal()
        ensemble.await_all_serve()
        for node in ensemble.nodes:
            session = self.session(node)
            session.must("sync", path="/")
            session.must("exists", path="/meanwhile")


class SeveralAddresses(harness.TestCase):

    def test_servers_find_each_other_by_their_other_addresses(self):
        """The first address of each leads nowhere."""
        ensemble = Ensemble(self, {"multiAddress.enabled": "true"})
        others = free_ports(6)
        for number, (quorum, election) in enumerate(ensemble.peer_ports, 1):
            line = f"{LOOPBACK}:{quorum}:{election}|127.0.0.2:{others[number - 1]}:{others[number + 2]}"
            for node in ensemble.nodes:
                node.settings[f"server.{number}"] = line
        nowhere, = free_ports(1)
        redirected = ",".join(f"{quorum}:{nowhere}" for quorum, _ in ensemble.peer_ports)
        for node in ensemble.nodes:
            preload(node, {"LD_PRELOAD": compiled("redirect_connections.c", self.scratch),
                           "CONCLAVE_REDIRECTED_PORTS": redirected})
        ensemble.start()
        self.session(ensemble.nodes[0]).must("create", path="/written", data=b"")
        for node in ensemble.nodes:
            self.assertIn("written", names(self.session(node), "/"))
            self.assertIn("address=127.0.0.2:", node.log())


if __name__ == "__main__":
    main()
