#!/usr/bin/python3
"""Three servers that talk to each other by TLS: ensemble_tls_test.py CONCLAVED"""

import tempfile

import harness
from certificates import Authority
from ensembles import Ensemble, Writer, names
from harness import main


def secured(authority, stem):
    return {
        "sslQuorum": "true",
        "ssl.quorum.keyStore.location": stem + ".pem",
        "ssl.quorum.trustStore.location": authority.certificate,
    }


class SecuredEnsembleTest(harness.TestCase):

    def setUp(self):
        super().setUp()
        self.authority = Authority(tempfile.mkdtemp(prefix="keys-", dir=self.scratch))
        self.own = self.authority.issue("servers")

    def ensemble(self):
        return Ensemble(self, secured(self.authority, self.own))

    def restart(self, node, **settings):
        node.terminate()
        node.settings.update(settings)
        node.launch()
        node.await_serving()

    def test_nothing_that_was_acknowledged_is_lost_with_the_leader(self):
        ensemble = self.ensemble().start()
        follower = ensemble.followers()[0]
        session = self.session(follower)
        session.must("create", path="/written")
        writer = Writer(session)
        writer.await_more(50)
        ensemble.leader().kill()
        writer.await_more(50)
        writer.stop()
        self.assertIsNone(writer.failure)
        self.assertLessEqual(set(writer.acknowledged), names(self.session(follower), "/written"))

    def test_a_server_with_a_strange_certificate_stays_outside_and_both_sides_say_so(self):
        strange = Authority(tempfile.mkdtemp(prefix="strange-", dir=self.scratch), "strange")
        ensemble = self.ensemble()
        intruder, *others = reversed(ensemble.nodes)
        intruder.settings["ssl.quorum.keyStore.location"] = strange.issue("intruder") + ".pem"
        for node in ensemble.nodes:
            node.launch()
        for node in others:
            node.await_serving()
            node.await_log("its certificate is not accepted")
        intruder.await_log("unknown ca")
        self.session(others[0]).must("create", path="/a")
        self.assertNotIn("peer link up", intruder.log())

    def test_a_certificate_for_another_host_is_refused(self):
        ensemble = self.ensemble()
        moved, *others = reversed(ensemble.nodes)
        elsewhere = self.authority.issue("elsewhere", alternative_names="DNS:elsewhere.example")
        moved.settings["ssl.quorum.keyStore.location"] = elsewhere + ".pem"
        for node in ensemble.nodes:
            node.launch()
        others[0].await_serving()
        others[0].await_log("the certificate of server 3 is not for 127.0.0.1")
        moved.await_log("refused by server")

    def test_new_keys_take_over_without_a_restart(self):
        ensemble = self.ensemble().start()
        self.authority.issue("servers-renewed", file="servers")
        for node in ensemble.nodes:
            node.await_log("TLS keys read again for=servers")
        follower, witness = ensemble.followers()
        self.session(witness).must("create", path="/before")
        follower.kill()
        follower.start()
        self.assertIn("before", names(self.session(follower), "/"))

    def test_a_running_ensemble_changes_over_to_tls_server_by_server(self):
        ensemble = Ensemble(self).start()
        keys = secured(self.authority, self.own)
        steps = (
            dict(keys, sslQuorum="false", portUnification="true"),
            dict(keys, portUnification="true"),
            dict(keys, portUnification="false"),
        )
        for number, step in enumerate(steps):
            for node in ensemble.nodes:
                self.restart(node, **step)
            self.session(ensemble.leader()).must("create", path=f"/step-{number}")
        for node in ensemble.nodes:
            self.assertLessEqual({"step-0", "step-1", "step-2"}, names(self.session(node), "/"))


if __name__ == "__main__":
    main()
