"""scripts/check-layers.py, held against small trees that break one rule each."""

import importlib.util
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

SCRIPT = Path(__file__).resolve().parents[2] / "scripts" / "check-layers.py"


def load_script():
    specification = importlib.util.spec_from_file_location("check_layers", SCRIPT)
    module = importlib.util.module_from_spec(specification)
    specification.loader.exec_module(module)
    return module


check_layers = load_script()


class Tree(unittest.TestCase):
    def setUp(self):
        directory = tempfile.TemporaryDirectory()
        self.addCleanup(directory.cleanup)
        self.root = Path(directory.name)
        self.write("common/include/conclave/types.hpp", "#include <cstdint>\n")
        self.write("client/include/conclave/client.hpp", "#include <conclave/types.hpp>\n")

    def write(self, name, text):
        file = self.root / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8")

    def violations(self):
        return [f"{each.file}:{each.line}: {each.text}" for each in check_layers.check(self.root)]

    def expect_clean(self, name, text):
        self.write(name, text)
        self.assertEqual(self.violations(), [])

    def expect_one(self, name, text, line, *fragments):
        self.write(name, text)
        found = self.violations()
        self.assertEqual(len(found), 1, found)
        self.assertTrue(found[0].startswith(f"{name}:{line}: "), found)
        for fragment in fragments:
            self.assertIn(fragment, found[0])


class Includes(Tree):
    def test_allowed_arrows_pass(self):
        self.expect_clean("server/replica/a.cpp",
                          '#include "server/tree/tree.hpp"\n#include "server/replica/b.hpp"\n'
                          '#include <conclave/types.hpp>\n#include <vector>\n')

    def test_a_forbidden_room_is_found(self):
        self.expect_one("server/session/a.cpp", '#include <vector>\n#include "server/tree/tree.hpp"\n', 2,
                        "server/session may not include server/tree")

    def test_every_arrow_that_is_not_in_the_table_is_found(self):
        for here, allowed in check_layers.ROOMS.items():
            for there in check_layers.ROOMS:
                header = "conclave/types.hpp" if there == "common" else \
                    "conclave/client.hpp" if there == "client" else f"{there}/a.hpp"
                with self.subTest(here=here, there=there):
                    problem = check_layers.check_include(self.root, here, '"', header)
                    self.assertEqual(problem is None, there == here or there in allowed.rooms)

    def test_the_client_may_not_know_its_recipes(self):
        self.write("client/recipes/include/conclave/recipes/lock.hpp", "#include <conclave/client.hpp>\n")
        self.expect_one("client/src/a.cpp", "#include <conclave/recipes/lock.hpp>\n", 1,
                        "client may not include client/recipes")

    def test_the_store_may_not_know_the_replica(self):
        self.expect_one("server/store/a.hpp", '#include "server/replica/replica.hpp"\n', 1, "server/replica")

    def test_the_server_may_not_use_the_client(self):
        self.expect_one("server/main.cpp", "#include <conclave/client.hpp>\n", 1, "may not include client")

    def test_the_client_may_not_use_its_shell_and_the_shell_no_server(self):
        self.expect_one("client/src/a.cpp", '#include "client/shell/words.hpp"\n', 1, "client may not include client/shell")
        (self.root / "client/src/a.cpp").unlink()
        self.expect_one("client/shell/a.cpp", '#include "server/tree/tree.hpp"\n', 1,
                        "client/shell may not include server/tree")

    def test_a_header_beside_the_file_must_be_named_from_the_root(self):
        self.expect_one("server/tree/a.cpp", '#include "node.hpp"\n', 1, "not written from its root")

    def test_test_support_is_out_of_bounds(self):
        self.expect_one("server/log/a.cpp", '#include "test/support/memory_file_system.hpp"\n', 1, "test/support")

    def test_an_unknown_installed_header_is_found(self):
        self.expect_one("server/log/a.cpp", "#include <conclave/nothing.hpp>\n", 1, "nothing.hpp")

    def test_a_folder_without_a_row_in_the_table_is_found(self):
        self.expect_one("server/attic/a.cpp", "#include <vector>\n", 1, "no room")

    def test_spacing_does_not_hide_an_include(self):
        self.expect_one("common/src/a.cpp", '  #  include   <lmdb.h>\n', 1, "common may not use lmdb")


class Libraries(Tree):
    def test_pure_rooms_reach_no_asio_lmdb_file_thread_or_clock(self):
        for here in sorted(check_layers.PURE_ROOMS):
            for header in ("boost/asio/io_context.hpp", "asio.hpp", "lmdb.h", "fstream", "filesystem", "unistd.h",
                           "fcntl.h", "sys/mman.h", "sys/socket.h", "netinet/in.h", "thread", "mutex", "pthread.h",
                           "condition_variable", "future", "ctime", "time.h", "sys/time.h"):
                with self.subTest(here=here, header=header):
                    self.assertIsNotNone(check_layers.check_include(self.root, here, "<", header))

    def test_the_standard_library_is_free_for_all(self):
        for here in check_layers.ROOMS:
            for header in ("vector", "chrono", "atomic", "cstdio", "timer", "random", "nmmintrin.h", "arpa/inet.h"):
                with self.subTest(here=here, header=header):
                    self.assertIsNone(check_layers.check_include(self.root, here, "<", header))

    def test_asio_stays_at_the_edge(self):
        allowed = {name for name, row in check_layers.ROOMS.items() if "boost" in row.libraries}
        self.assertEqual(allowed, {"server", "server/net", "server/admin", "server/testing", "client", "client/recipes",
                                   "client/examples", "client/shell"})

    def test_lmdb_stays_in_the_store(self):
        allowed = {name for name, row in check_layers.ROOMS.items() if "lmdb" in row.libraries}
        self.assertEqual(allowed, {"server", "server/store"})


class Clocks(Tree):
    def test_asking_a_clock_is_found(self):
        self.expect_one("server/zab/a.cpp", "\nauto t = std::chrono::steady_clock::now();\n", 2, "now()")

    def test_other_ways_to_time_and_chance_are_found(self):
        for call in ("clock_gettime(CLOCK_MONOTONIC, &t)", "std::time(nullptr)", "std::random_device{}()",
                     "std::this_thread::sleep_for(1s)", "clock.now ( )"):
            with self.subTest(call=call):
                self.expect_one("server/tree/a.cpp", f"auto t = {call};\n", 1, "may not ask for time or chance")

    def test_words_in_comments_and_strings_do_no_harm(self):
        self.expect_clean("server/tree/a.cpp",
                          "// never calls now() itself\n/* now()\n now() */\nauto s = \"\\\"now()\";\n"
                          "void touch(time_point now);\n")

    def test_a_comment_does_not_hide_the_line_behind_it(self):
        self.expect_one("server/tree/a.cpp", "/* one\ntwo */ auto t = clock::now();\n", 2, "now()")

    def test_the_shell_may_ask_a_clock(self):
        self.expect_clean("server/net/a.cpp", "auto t = std::chrono::steady_clock::now();\n")


class Links(Tree):
    def test_allowed_links_pass(self):
        self.expect_clean("server/store/CMakeLists.txt",
                          "# the store\nconclave_library(conclave-store\n    USES conclave-common conclave-tree\n"
                          "    PRIVATE_USES LMDB)\n")

    def test_a_forbidden_room_is_found(self):
        self.expect_one("server/session/CMakeLists.txt",
                        "\nconclave_library(conclave-session USES conclave-common conclave-tree)\n", 2,
                        "server/session may not link server/tree")

    def test_a_forbidden_library_is_found(self):
        self.expect_one("server/zab/CMakeLists.txt",
                        "conclave_library(conclave-zab USES conclave-common PRIVATE_USES Boost::headers)\n", 1,
                        "server/zab may not link boost")

    def test_an_unknown_target_is_found(self):
        self.expect_one("server/zab/CMakeLists.txt",
                        "conclave_library(conclave-zab USES Surprise::surprise)\n", 1, "does not know")

    def test_a_link_behind_the_back_of_the_helper_is_found(self):
        self.expect_one("server/CMakeLists.txt", "target_link_libraries(conclave-tree PUBLIC conclave-zab)\n", 1,
                        "server/tree may not link server/zab")

    def test_conclaved_joins_all_rooms(self):
        self.expect_clean("server/CMakeLists.txt",
                          "target_link_libraries(conclaved PRIVATE conclave-net conclave-log conclave-store "
                          "conclave-configuration spdlog::spdlog conclave-warnings)\n")


class Program(Tree):
    def run_on(self, root):
        return subprocess.run([sys.executable, SCRIPT, str(root)], capture_output=True, text=True, check=False)

    def test_it_is_silent_and_succeeds_on_a_clean_tree(self):
        done = self.run_on(self.root)
        self.assertEqual((done.returncode, done.stdout, done.stderr), (0, "", ""))

    def test_it_fails_and_names_the_line_on_a_violation(self):
        self.write("server/tree/a.cpp", "#include <thread>\n")
        done = self.run_on(self.root)
        self.assertEqual(done.returncode, 1)
        self.assertEqual(done.stdout, "server/tree/a.cpp:1: server/tree may not use threads (thread)\n")


if __name__ == "__main__":
    unittest.main()
