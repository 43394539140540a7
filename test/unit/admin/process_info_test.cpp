#include "server/admin/process_info.hpp"

#include <catch2/catch.hpp>

#include <fcntl.h>
#include <unistd.h>

using namespace conclave;
using namespace conclave::admin;

TEST_CASE("process info: open descriptors are counted", "[admin]") {
    const std::int64_t before = read_process_facts().open_descriptor_count;
    const int one_more = ::open("/dev/null", O_RDONLY | O_CLOEXEC);
    REQUIRE(one_more >= 0);
    CHECK(read_process_facts().open_descriptor_count == before + 1);
    ::close(one_more);
    CHECK(read_process_facts().open_descriptor_count == before);
}

TEST_CASE("process info: what the system knows is found", "[admin]") {
    const process_facts facts = read_process_facts();
    CHECK(facts.os_name == "Linux");
    CHECK_FALSE(facts.host_name.empty());
    CHECK_FALSE(facts.working_directory.empty());
    CHECK(facts.memory_resident > 0);
    CHECK(facts.memory_resident < facts.memory_total);
    CHECK(facts.open_descriptor_count_max >= facts.open_descriptor_count);
}

TEST_CASE("process info: envi has the keys of ZooKeeper", "[admin]") {
    process_facts facts;
    facts.host_name = "h";
    facts.os_name = "Linux";
    facts.os_arch = "x86_64";
    facts.os_version = "6.1";
    facts.user_name = "u";
    facts.user_home = "/home/u";
    facts.working_directory = "/srv";
    facts.memory_free = std::uint64_t{3} << 20U;
    facts.memory_total = std::uint64_t{4} << 20U;
    facts.memory_resident = std::uint64_t{1} << 20U;
    CHECK(
        envi_text(facts, "3.9.4-conclave-0.1.0, built on today") ==
        "Environment:\n"
        "zookeeper.version=3.9.4-conclave-0.1.0, built on today\n"
        "host.name=h\n"
        "java.version=<NA>\n"
        "java.vendor=<NA>\n"
        "java.home=<NA>\n"
        "java.class.path=<NA>\n"
        "java.library.path=<NA>\n"
        "java.io.tmpdir=<NA>\n"
        "java.compiler=<NA>\n"
        "os.name=Linux\n"
        "os.arch=x86_64\n"
        "os.version=6.1\n"
        "user.name=u\n"
        "user.home=/home/u\n"
        "user.dir=/srv\n"
        "os.memory.free=3MB\n"
        "os.memory.max=4MB\n"
        "os.memory.total=1MB\n"
    );
}
