#include "server/log/data_directory.hpp"
#include "server/log/identity_file.hpp"
#include "server/log/posix_file_system.hpp"
#include "test/unit/log/log_fixture.hpp"
#include "test/unit/log/temporary_directory.hpp"

#include <conclave/checksum.hpp>

#include <catch2/catch.hpp>

#include <filesystem>
#include <unistd.h>

using namespace conclave;
using namespace conclave::test;
using namespace conclave::txnlog;
using Catch::Matchers::Contains;

namespace {

const std::string identity_path = "/data/conclave/identity";

data_directory_options options(std::uint8_t fresh = 1) {
    data_directory_options given;
    given.data_directory = "/data";
    given.pid = 4711;
    given.fresh.cluster = make_id(fresh);
    given.fresh.storage = make_id(static_cast<std::uint8_t>(fresh + 0x50));
    return given;
}

struct data_files : memory_file_system {
    data_files() { CONCLAVE_ASSERT(!make_directory("/data")); }
};

/// The message with which opening is refused.
std::string refusal(file_system& files, const data_directory_options& given) {
    try {
        data_directory::open(files, given);
    } catch (const data_directory_error& error) {
        return error.what();
    }
    return "(accepted)";
}

} // namespace

TEST_CASE("data directory: a new one gets the fresh identity", "[log][directory]") {
    data_files files;
    const data_directory opened = data_directory::open(files, options());
    CHECK(opened.is_new());
    CHECK(opened.identity() == options().fresh);
    CHECK(opened.path() == "/data/conclave");
    CHECK(opened.log_path() == "/data/conclave/log");
    CHECK(files.list("/data/conclave/log").has_value());
}

TEST_CASE(
    "data directory: an old one keeps its identity even through a power loss", "[log][directory]"
) {
    data_files files;
    data_directory::open(files, options(1));
    files.power_loss({survival::kind::nothing, 0});
    const data_directory opened = data_directory::open(files, options(2));
    CHECK_FALSE(opened.is_new());
    CHECK(opened.identity() == options(1).fresh);
}

TEST_CASE("data directory: that there is a log is known without it", "[log][directory]") {
    data_files files;
    {
        data_directory opened = data_directory::open(files, options(1));
        CHECK_FALSE(opened.has_begun_log());
        CHECK_FALSE(was_log_begun(files, opened.path(), opened.identity().storage));
        opened.note_log_begun(files);
        opened.note_log_begun(files);
        CHECK(opened.has_begun_log());
    }
    files.power_loss({survival::kind::nothing, 0});
    const data_directory opened = data_directory::open(files, options(2));
    CHECK(opened.has_begun_log());
    CHECK(was_log_begun(files, opened.path(), opened.identity().storage));
    CHECK_FALSE(was_log_begun(files, opened.path(), options(3).fresh.storage));
}

TEST_CASE("data directory: a crash while it is made leaves it new or whole", "[log][directory]") {
    data_files dry_run;
    const std::size_t first = dry_run.operation_count();
    data_directory::open(dry_run, options(1));
    const std::size_t count = dry_run.operation_count() - first;
    for (std::size_t step = 0; step + 1 < count;
         ++step) { // the last one only looks for ZooKeeper's folder
        for (std::uint64_t seed = 0; seed < 8; ++seed) {
            data_files files;
            files.crash_at(files.operation_count() + step);
            CHECK(refusal(files, options(1)) != "(accepted)");
            files.power_loss({survival::kind::by_chance, seed});
            const data_directory opened = data_directory::open(files, options(2));
            CHECK(opened.identity() == (opened.is_new() ? options(2) : options(1)).fresh);
        }
    }
}

TEST_CASE(
    "data directory: a second process is refused with the pid of the first", "[log][directory]"
) {
    data_files files;
    {
        const data_directory opened = data_directory::open(files, options());
        CHECK_THAT(
            refusal(files, options()),
            Contains("/data/conclave is in use by process 4711;") && Contains("stop that one first")
        );
    }
    CHECK(refusal(files, options()) == "(accepted)");
}

TEST_CASE(
    "data directory: a shorter pid is not mixed with an older longer one", "[log][directory]"
) {
    data_files files;
    data_directory_options given = options();
    given.pid = 1234567;
    data_directory::open(files, given);
    given.pid = 89;
    const data_directory opened = data_directory::open(files, given);
    CHECK_THAT(refusal(files, given), Contains("in use by process 89;"));
}

TEST_CASE("data directory: a log directory of its own is locked as well", "[log][directory]") {
    data_files files;
    REQUIRE_FALSE(files.make_directory("/logs"));
    REQUIRE_FALSE(files.make_directory("/other"));
    data_directory_options given = options();
    given.log_data_directory = "/logs";
    const data_directory opened = data_directory::open(files, given);
    CHECK(opened.log_path() == "/logs/conclave/log");
    data_directory_options other = options();
    other.data_directory = "/other";
    other.log_data_directory = "/logs";
    CHECK_THAT(refusal(files, other), Contains("/logs/conclave is in use by process 4711"));
}

TEST_CASE("data directory: missing permissions are explained", "[log][directory]") {
    const auto kind = GENERATE(
        file_operation::make_directory,
        file_operation::open,
        file_operation::sync_directory,
        file_operation::list
    );
    data_files files;
    files.fail_every(kind, std::errc::permission_denied);
    CHECK_THAT(
        refusal(files, options()),
        Contains("/data") && Contains("is not accessible: Permission denied") &&
            Contains("writable for the user")
    );
}

TEST_CASE("data directory: one that does not exist is explained", "[log][directory]") {
    memory_file_system files;
    CHECK_THAT(refusal(files, options()), Contains("does not exist") && Contains("dataDir"));
}

TEST_CASE("data directory: any error while it is made is told", "[log][directory]") {
    data_files dry_run;
    const std::size_t first = dry_run.operation_count();
    data_directory::open(dry_run, options());
    const std::size_t count = dry_run.operation_count() - first;
    std::size_t refused = 0;
    for (std::size_t step = 0; step < count; ++step) {
        data_files files;
        files.fail_once(files.operation_count() + step, std::errc::io_error);
        refused += refusal(files, options()) != "(accepted)" ? 1 : 0;
        // Looking for ZooKeeper's folder, the last step, is not worth a refusal.
        CHECK((refused == step + 1 || step + 1 == count));
    }
}

TEST_CASE("data directory: a newer format is refused and left alone", "[log][directory]") {
    data_files files;
    bytes octets = encode(options().fresh);
    octets[8] = 2;
    const std::uint32_t checksum = crc32c(bytes_view{octets}.substr(0, 12));
    for (std::size_t index = 0; index < 4; ++index) {
        octets[12 + index] = static_cast<char>((checksum >> (8 * index)) & 0xff);
    }
    octets += "and something that only the newer version understands";
    files.put(identity_path, octets);
    CHECK_THAT(
        refusal(files, options()),
        Contains("newer version") && Contains("data format 2, this one knows 1")
    );
    CHECK(files.content(identity_path) == octets);
    CHECK_FALSE(files.list("/data/conclave/log").has_value());
}

TEST_CASE(
    "data directory: a damaged identity is refused whichever octet it is", "[log][directory]"
) {
    const bytes intact = encode(options().fresh);
    for (std::size_t octet = 0; octet < intact.size(); ++octet) {
        data_files files;
        files.put(identity_path, intact);
        files.flip_bit(identity_path, octet, octet % 8);
        INFO("octet " << octet);
        REQUIRE_THAT(refusal(files, options()), Contains("identity is damaged"));
    }
    for (std::size_t size = 0; size < intact.size(); ++size) {
        data_files files;
        files.put(identity_path, bytes_view{intact}.substr(0, size));
        REQUIRE_THAT(refusal(files, options()), Contains("identity is damaged"));
    }
}

TEST_CASE(
    "data directory: data without an identity is not taken for a new directory", "[log][directory]"
) {
    data_files files;
    data_directory::open(files, options());
    files.erase(identity_path);
    CHECK_THAT(refusal(files, options()), Contains("\"identity\" is missing") && Contains("(log)"));
}

TEST_CASE("data directory: what ZooKeeper has left is told and not touched", "[log][directory]") {
    data_files files;
    files.put("/data/version-2/log.100000001", "ZKLG");
    files.put("/data/version-2/snapshot.0", "ZKSN");
    files.put("/data/myid", "1\n");
    const data_directory opened = data_directory::open(files, options());
    CHECK(opened.has_zookeeper_data());
    CHECK(opened.is_new());
    CHECK(files.content("/data/version-2/log.100000001") == "ZKLG");
    CHECK(files.content("/data/version-2/snapshot.0") == "ZKSN");
    CHECK(files.content("/data/myid") == "1\n");
}

TEST_CASE("data directory: an empty ZooKeeper folder is no data", "[log][directory]") {
    data_files files;
    files.put("/data/version-2/acceptedEpoch", "1");
    CHECK_FALSE(data_directory::open(files, options()).has_zookeeper_data());
}

TEST_CASE("data directory: it works on the real file system", "[log][directory]") {
    const temporary_directory folder;
    posix_file_system files;
    data_directory_options given = options();
    given.data_directory = folder.path();
    given.pid = ::getpid();
    const data_directory opened = data_directory::open(files, given);
    CHECK_THAT(refusal(files, given), Contains("in use by process " + std::to_string(::getpid())));
    if (::geteuid() != 0) { // permissions do not bind the superuser
        std::filesystem::permissions(folder.path(), std::filesystem::perms::none);
        CHECK_THAT(refusal(files, given), Contains("Permission denied"));
        std::filesystem::permissions(folder.path(), std::filesystem::perms::owner_all);
    }
}
