"""The recipes and their examples against a real server, and beside kazoo and Curator on the same paths:
recipes_test.py SERVER PROGRAMS SCRATCH (programs.py)

In the tests of layouts two sides do the same things in both roles: recipes-partner with our library, and a partner of
another library (partners.py). All say which nodes they meet at, so whoever waits is seen to wait before the other goes
on.
"""

import itertools
import sys
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
import programs  # noqa: E402
from harness import await_that  # noqa: E402
from partners import CuratorPartner, KazooClient, KazooPartner, OurPartner  # noqa: E402


class RecipesTest(programs.ProgramTest):
    def test_the_library(self):
        self.run_program("recipes-integration")

    def test_lock_and_election(self):
        address = self.server.connect_string
        counting = [self.start_program("example-lock", address, "/example/lock", "/counted") for _ in range(4)]
        told = sorted(self.output_of(each) for each in counting)
        self.assertEqual(told, [f"/counted is {value}\n" for value in range(1, 5)])
        output = self.run_program("example-election", address, "/example/leader", "me", "2")
        self.assertEqual(output, "me leads in term 1 of 2, 0 wait\nme leads in term 2 of 2, 0 wait\n")


class Layouts:
    """What holds with every other library. Subclasses say which; `theirs` and `ours` are partners."""

    layout = ""
    rooms = itertools.count()

    @classmethod
    def make_theirs(cls):
        raise NotImplementedError

    @classmethod
    def setUpClass(cls):
        if KazooClient is None:
            raise unittest.SkipTest("kazoo is not installed")
        super().setUpClass()
        servers = cls.server.connect_string
        cls.observer = KazooClient(hosts=servers)
        cls.observer.start(timeout=30)
        cls.addClassCleanup(lambda: (cls.observer.stop(), cls.observer.close()))
        cls.theirs = cls.make_theirs()
        cls.addClassCleanup(cls.theirs.close)
        cls.ours = OurPartner(programs.program_path("recipes-partner"), servers, cls.layout)
        cls.addClassCleanup(cls.ours.close)

    def setUp(self):
        super().setUp()
        self.path = f"/{self.layout}/{self.id().rsplit('.', 1)[1]}-{next(self.rooms)}"

    def both_ways(self):
        """Each partner in each role, at a path of its own."""
        for first, second in ((self.ours, self.theirs), (self.theirs, self.ours)):
            self.path = f"{self.path.rsplit('-', 1)[0]}-{next(self.rooms)}"
            yield first, second

    def children(self, path):
        return self.observer.get_children(path) if self.observer.exists(path) else []

    def await_children(self, path, count):
        def are_there():
            self.observer.sync("/")
            return len(self.children(path)) == count
        await_that(are_there, f"{count} nodes at {path}")

    def check_waits(self, path, count, waiting):
        """That so many nodes stand there, and whoever has begun to wait still does."""
        self.await_children(path, count)
        self.assertFalse(waiting.done())

    # -- ownership

    def check_exclusion(self, holding, waiting, path=None):
        """That `waiting` is not granted before `holding` is given back, and at once afterwards."""
        for first, second in self.both_ways():
            queue_path = (path or "{}").format(self.path)
            held = first.begin(*[each.format(self.path) for each in holding])
            held.result()
            next_one = second.begin(*[each.format(self.path) for each in waiting])
            self.check_waits(queue_path, 2, next_one)
            first.call("release", held.id)
            next_one.result()
            second.call("release", next_one.id)
            self.await_children(queue_path, 0)

    def test_lock(self):
        self.check_exclusion(["lock", "{}"], ["lock", "{}"])

    def test_many_turns(self):
        """A step is lost unless all take turns."""
        self.observer.create(f"{self.path}-value", b"0", makepath=True)
        counting = [each.begin("count", self.path, f"{self.path}-value", "30")
                    for each in (self.ours, self.theirs, self.ours)]
        for each in counting:
            each.result()
        self.assertEqual(self.observer.get(f"{self.path}-value")[0], b"90")

    def test_election(self):
        self.check_exclusion(["lead", "{}"], ["lead", "{}"])

    def test_writers_exclude_writers(self):
        self.check_exclusion(["write", "{}"], ["write", "{}"])

    def test_writers_exclude_readers(self):
        self.check_exclusion(["write", "{}"], ["read", "{}"])

    def test_readers_exclude_writers(self):
        self.check_exclusion(["read", "{}"], ["write", "{}"])

    def test_readers_share(self):
        for first, second in self.both_ways():
            readers = [(each, each.begin("read", self.path)) for each in (first, second)]
            for _, held in readers:
                held.result()
            self.await_children(self.path, 2)
            for partner, held in readers:
                partner.call("release", held.id)

    leases = "{}"
    turns = "{}"

    def test_semaphore(self):
        for first, second in self.both_ways():
            held = []
            for each in (first, second):    # the second one finds what the first has made
                held.append((each, each.begin("lease", self.path, "2")))
                held[-1][1].result()
            third = first.begin("lease", self.path, "2")
            self.await_children(self.turns.format(self.path), 1)  # whoever is next waits at the turns
            self.assertFalse(third.done())
            second.call("release", held[1][1].id)
            third.result()
            self.await_children(self.leases.format(self.path), 2)
            first.call("release", third.id)
            first.call("release", held[0][1].id)
            self.await_children(self.leases.format(self.path), 0)

    # -- queues

    def check_queue_is_empty(self):
        self.await_children(self.entries(), 0)
        self.await_children(self.taken(), 0)

    def entries(self):
        return self.path

    def taken(self):
        return f"{self.path}-marks"

    def test_queue(self):
        for first, second in self.both_ways():
            waiting = second.begin("take", self.path, self.taken())
            first.call("put", self.path, self.taken(), "one")
            self.assertEqual(waiting.result(), "one")
            self.await_children(self.taken(), 1)
            third = first.begin("take", self.path, self.taken())  # finds that it is taken
            first.call("put", self.path, self.taken(), "two")
            self.assertEqual(third.result(), "two")
            second.call("finish", waiting.id)
            first.call("finish", third.id)
            self.check_queue_is_empty()

    def test_priorities(self):
        for first, second in self.both_ways():
            for item, priority in (("late", "300"), ("soon", "20"), ("now", "1")):
                first.call("put-first", self.path, self.taken(), item, priority)
            for expected in ("now", "soon", "late"):
                taken = second.begin("take", self.path, self.taken())
                self.assertEqual(taken.result(), expected)
                second.call("finish", taken.id)
            self.check_queue_is_empty()

    # -- barriers

    def test_barrier(self):
        for first, second in self.both_ways():
            first.call("set-barrier", self.path)
            waiting = second.begin("await-barrier", self.path)
            self.assertIsNotNone(self.observer.exists(self.path))
            self.assertFalse(waiting.done())
            first.call("remove-barrier", self.path)
            waiting.result()

    def test_double_barrier(self):
        for first, second in self.both_ways():
            early = first.begin("enter", self.path, "2")
            self.check_waits(self.path, 1, early)
            late = second.begin("enter", self.path, "2")
            early.result()
            late.result()
            leaving = [second.begin("leave", late.id)]
            leaving.append(first.begin("leave", early.id))
            for each in leaving:
                each.result()
            self.await_children(self.path, 0)

    # -- values

    def check_counter(self, form):
        for first, second in self.both_ways():
            self.assertEqual(int(first.call("add", form, self.path, "5")), 5)
            self.assertEqual(int(second.call("add", form, self.path, "-7")), -2)
            self.assertEqual(int(first.call("add", form, self.path, "300")), 298)
            adding = [each.begin("add", form, self.path, "1") for _ in range(5) for each in (first, second)]
            for each in adding:
                each.result()
            self.assertEqual(int(second.call("add", form, self.path, "0")), 308)


class BesideKazoo(Layouts, programs.ProgramTest):
    layout = "kazoo"
    turns = "{}-__lock__"

    @classmethod
    def make_theirs(cls):
        return KazooPartner(cls.server.connect_string)

    def entries(self):
        return f"{self.path}/entries"

    def taken(self):
        return f"{self.path}/taken"

    def test_counter_as_text(self):
        self.check_counter("text")

    def test_counter_as_curators(self):
        self.check_counter("32")

    def test_party(self):
        """Members of kazoo's Party are those whose nodes are called so, and tell their identifier as data."""
        mine = self.ours.begin("join", self.path, "host-7__party__", "ours")
        mine.result()
        theirs = self.theirs.begin("join", self.path, "-", "theirs")
        theirs.result()
        self.assertEqual(sorted(self.theirs.call("members", self.path).split()), ["ours", "theirs"])
        self.assertEqual(sorted(each.split("=")[1] for each in self.ours.call("members", self.path).split()),
                         ["ours", "theirs"])
        self.ours.call("release", mine.id)
        self.assertEqual(self.theirs.call("members", self.path), "theirs")

    def test_candidates(self):
        leading = self.ours.begin("lead", self.path)
        leading.result()
        following = self.theirs.begin("lead", self.path)
        self.check_waits(self.path, 2, following)
        self.assertEqual(self.observer.Election(self.path).contenders(), ["ours", "theirs"])
        self.ours.call("release", leading.id)
        following.result()
        self.theirs.call("release", following.id)


class BesideCurator(Layouts, programs.ProgramTest):
    layout = "curator"
    turns = "{}/locks"
    leases = "{}/leases"

    @classmethod
    def make_theirs(cls):
        partner = CuratorPartner.make(cls.server.connect_string, programs.SCRATCH)
        if partner is None:
            raise unittest.SkipTest("Curator or a Java compiler is not installed")
        return partner

    def test_latch(self):
        self.check_exclusion(["latch", "{}"], ["latch", "{}"])

    def test_shared_count(self):
        self.check_counter("32")

    def test_atomic_long(self):
        self.check_counter("64")

    def test_shared_value(self):
        for first, second in self.both_ways():
            self.assertEqual(first.call("exchange", self.path, "a"), "none")
            self.assertEqual(second.call("exchange", self.path, "b"), "a")
            self.assertEqual(first.call("exchange", self.path, "c"), "b")

    def test_several_items_in_one_entry(self):
        self.theirs.call("put-many", self.path, self.taken(), "a,b,c")
        taken = self.ours.begin("take", self.path, self.taken())
        self.assertEqual(taken.result(), "a,b,c")
        self.ours.call("finish", taken.id)
        self.check_queue_is_empty()

    def test_entries_of_others_are_passed_over(self):
        self.observer.create(f"{self.path}/queue-", b"no entry", sequence=True, makepath=True)
        self.observer.create(f"{self.path}/qn-0000000000", b"of another recipe")
        self.theirs.call("put", self.path, self.taken(), "item")
        taken = self.ours.begin("take", self.path, self.taken())
        self.assertEqual(taken.result(), "item")
        self.ours.call("finish", taken.id)
        self.await_children(self.path, 2)

    def test_group(self):
        for first, second in self.both_ways():
            members = [(each, each.begin("join", self.path, each.name, f"of-{each.name}")) for each in (first, second)]
            for _, joined in members:
                joined.result()
            expected = "ours=of-ours theirs=of-theirs"
            self.await_children(self.path, 2)
            for each in (first, second):
                await_that(lambda each=each: each.call("members", self.path) == expected, expected)
            for each, joined in members:
                each.call("release", joined.id)
            self.await_children(self.path, 0)

    def test_services(self):
        for first, second in self.both_ways():
            offered = [(each, each.begin("offer", self.path, "mail", each.name, f"{each.name}.example", "25", "text"))
                       for each in (first, second)]
            for _, done in offered:
                done.result()
            expected = "ours=ours.example:25 theirs=theirs.example:25"
            for each in (first, second):
                self.assertEqual(each.call("instances", self.path, "mail"), expected)
            for each, done in offered:
                each.call("release", done.id)
            self.await_children(f"{self.path}/mail", 0)


if __name__ == "__main__":
    programs.main()
