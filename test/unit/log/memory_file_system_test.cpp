#include "test/support/memory_file_system.hpp"

#include <catch2/catch.hpp>

#include <set>

using namespace conclave;
using namespace conclave::test;
using txnlog::file;
using txnlog::open_mode;

namespace {

constexpr survival keep_nothing{survival::kind::nothing, 0};
constexpr survival keep_everything{survival::kind::everything, 0};

std::unique_ptr<file> create(memory_file_system& files, const std::string& path) {
    return std::move(*files.open(path, open_mode::create));
}

/// A file whose entry and first content are durable.
std::unique_ptr<file> create_durable(memory_file_system& files, bytes_view content) {
    files.put("/f", content);
    return std::move(*files.open("/f", open_mode::read_write));
}

} // namespace

TEST_CASE("memory file system: what is written can be read at once", "[support]") {
    memory_file_system files;
    const auto target = create(files, "/f");
    REQUIRE_FALSE(target->write_at(3, "abc"));
    bytes buffer;
    CHECK(*target->read_at(0, 100, buffer) == bytes_view{"\0\0\0abc", 6});
    CHECK(*target->read_at(4, 1, buffer) == "b");
    CHECK(target->read_at(6, 1, buffer)->empty());
    CHECK(*target->size() == 6);
}

TEST_CASE("memory file system: only synced octets are sure to survive", "[support]") {
    memory_file_system files;
    const auto target = create_durable(files, "old");
    REQUIRE_FALSE(target->write_at(0, "new"));
    SECTION("unsynced") {
        files.power_loss(keep_nothing);
        CHECK(files.content("/f") == "old");
    }
    SECTION("unsynced but lucky") {
        files.power_loss(keep_everything);
        CHECK(files.content("/f") == "new");
    }
    SECTION("synced") {
        REQUIRE_FALSE(target->sync_data());
        files.power_loss(keep_nothing);
        CHECK(files.content("/f") == "new");
    }
    SECTION("the process alone dies") {
        files.restart();
        CHECK(files.content("/f") == "new");
        CHECK(files.durable_content("/f") == "old");
    }
}

TEST_CASE("memory file system: sectors survive independently and in any version", "[support]") {
    std::set<bytes> seen;
    for (std::uint64_t seed = 0; seed < 200; ++seed) {
        memory_file_system files;
        const auto target = create_durable(files, bytes(1024, 'a'));
        REQUIRE_FALSE(target->write_at(0, bytes(1024, 'b')));
        REQUIRE_FALSE(target->write_at(512, bytes(512, 'c')));
        files.power_loss({survival::kind::by_chance, seed});
        const bytes content = files.content("/f");
        seen.insert(bytes{content[0], content[512]});
        CHECK(content == bytes(512, content[0]) + bytes(512, content[512]));
    }
    CHECK(seen == std::set<bytes>{"aa", "ab", "ac", "ba", "bb", "bc"});
}

TEST_CASE("memory file system: growth that was not synced may be lost", "[support]") {
    std::set<std::size_t> sizes;
    for (std::uint64_t seed = 0; seed < 50; ++seed) {
        memory_file_system files;
        const auto target = create_durable(files, "");
        REQUIRE_FALSE(target->write_at(0, bytes(600, 'x')));
        files.power_loss({survival::kind::by_chance, seed});
        sizes.insert(files.content("/f").size());
    }
    CHECK(sizes == std::set<std::size_t>{0, 600});
}

TEST_CASE("memory file system: the same seed gives the same loss", "[support]") {
    const auto lose = [](std::uint64_t seed) {
        memory_file_system files;
        const auto target = create_durable(files, bytes(64 * 512, 'a'));
        REQUIRE_FALSE(target->write_at(0, bytes(64 * 512, 'b')));
        files.power_loss({survival::kind::by_chance, seed});
        return files.content("/f");
    };
    CHECK(lose(1) == lose(1));
    CHECK(lose(1) != lose(2));
}

TEST_CASE("memory file system: an entry survives once its directory is synced", "[support]") {
    memory_file_system files;
    REQUIRE_FALSE(files.make_directory("/d"));
    const auto target = create(files, "/d/f");
    REQUIRE_FALSE(target->write_at(0, "content"));
    REQUIRE_FALSE(target->sync_data());
    SECTION("not synced") {
        files.power_loss(keep_nothing);
        CHECK_FALSE(files.exists("/d/f"));
    }
    SECTION("synced") {
        REQUIRE_FALSE(files.sync_directory("/d"));
        files.power_loss(keep_nothing);
        CHECK(files.content("/d/f") == "content");
    }
}

TEST_CASE(
    "memory file system: a removed file comes back if the directory was not synced", "[support]"
) {
    memory_file_system files;
    files.put("/d/f", "content");
    REQUIRE_FALSE(files.remove("/d/f"));
    CHECK_FALSE(files.exists("/d/f"));
    SECTION("not synced") {
        files.power_loss(keep_nothing);
        CHECK(files.content("/d/f") == "content");
    }
    SECTION("synced") {
        REQUIRE_FALSE(files.sync_directory("/d"));
        files.power_loss(keep_nothing);
        CHECK_FALSE(files.exists("/d/f"));
    }
}

TEST_CASE("memory file system: an unsynced renaming is kept or undone as a whole", "[support]") {
    std::set<bytes> seen;
    for (std::uint64_t seed = 0; seed < 50; ++seed) {
        memory_file_system files;
        files.put("/d/new", "n");
        files.put("/d/current", "c");
        REQUIRE_FALSE(files.rename("/d/new", "/d/current"));
        files.power_loss({survival::kind::by_chance, seed});
        seen.insert(files.content("/d/current") + (files.exists("/d/new") ? "+" : "-"));
    }
    CHECK(seen == std::set<bytes>{"c+", "n-"});
}

TEST_CASE("memory file system: a failed sync can never be made good by another", "[support]") {
    memory_file_system files;
    const auto target = create_durable(files, "old");
    REQUIRE_FALSE(target->write_at(0, "new"));
    files.fail_once(files.operation_count(), std::errc::io_error);
    CHECK(target->sync_data() == std::errc::io_error);
    CHECK_FALSE(target->sync_data());
    CHECK(files.content("/f") == "new");
    files.power_loss(keep_everything);
    CHECK(files.content("/f") == "old");
}

TEST_CASE(
    "memory file system: a crash leaves at most a part of the operation it comes in", "[support]"
) {
    memory_file_system files;
    const auto target = create_durable(files, "old");
    files.crash_at(files.operation_count());
    CHECK(target->write_at(0, "new") == std::errc::io_error);
    CHECK(target->write_at(0, "dead") == std::errc::io_error);
    CHECK(target->sync_data() == std::errc::io_error);
    CHECK(files.remove("/f") == std::errc::io_error);
    files.restart();
    CHECK(files.content("/f") == "new");
    CHECK(files.durable_content("/f") == "old");
}

TEST_CASE("memory file system: files opened before a power loss are useless", "[support]") {
    memory_file_system files;
    const auto target = create_durable(files, "old");
    files.power_loss(keep_nothing);
    bytes buffer;
    CHECK(target->read_at(0, 1, buffer).error() == std::errc::io_error);
    CHECK(target->write_at(0, "new") == std::errc::io_error);
    CHECK(target->sync_data() == std::errc::io_error);
    CHECK(files.content("/f") == "old");
}

TEST_CASE("memory file system: the capacity counts what exists", "[support]") {
    memory_file_system files;
    files.set_capacity(10);
    const auto target = create(files, "/f");
    CHECK_FALSE(target->write_at(0, "0123456789"));
    CHECK_FALSE(target->write_at(0, "9876543210"));
    CHECK(target->write_at(10, "x") == std::errc::no_space_on_device);
    CHECK(target->reserve(11) == std::errc::no_space_on_device);
    CHECK_FALSE(files.remove("/f"));
    CHECK_FALSE(create(files, "/g")->write_at(0, "0123456789"));
}

TEST_CASE("memory file system: faults hit the kind or the moment asked for", "[support]") {
    memory_file_system files;
    files.put("/f", "content");
    files.fail_every(file_operation::list, std::errc::permission_denied);
    CHECK(files.list("/").error() == std::errc::permission_denied);
    CHECK(files.open("/f", open_mode::read).has_value());
    files.fail_once(files.operation_count() + 1, std::errc::io_error);
    CHECK(files.open("/f", open_mode::read).has_value());
    CHECK_FALSE(files.open("/f", open_mode::read).has_value());
    CHECK(files.open("/f", open_mode::read).has_value());
}

TEST_CASE("memory file system: a lock is held by one open file until that is closed", "[support]") {
    memory_file_system files;
    auto first = create(files, "/lock");
    const auto second = create(files, "/lock");
    CHECK_FALSE(first->try_lock());
    CHECK_FALSE(first->try_lock());
    CHECK(second->try_lock() == std::errc::resource_unavailable_try_again);
    first.reset();
    CHECK_FALSE(second->try_lock());
}

TEST_CASE("memory file system: flipped bits decay below the cache as well", "[support]") {
    memory_file_system files;
    files.put("/f", "aaa");
    files.flip_bit("/f", 1, 1);
    CHECK(files.content("/f") == "aca");
    files.power_loss(keep_nothing);
    CHECK(files.content("/f") == "aca");
}

TEST_CASE("memory file system: listing shows files and directories in order", "[support]") {
    memory_file_system files;
    REQUIRE_FALSE(files.make_directory("/d"));
    REQUIRE_FALSE(files.make_directory("/d/inner"));
    files.put("/d/z", "");
    files.put("/d/a", "");
    CHECK(*files.list("/d") == std::vector<std::string>{"a", "inner", "z"});
    CHECK(files.list("/none").error() == std::errc::no_such_file_or_directory);
    CHECK(files.open("/none/f", open_mode::create).error() == std::errc::no_such_file_or_directory);
    CHECK(files.open("/d/none", open_mode::read).error() == std::errc::no_such_file_or_directory);
}

TEST_CASE("memory file system: a clone is equal and independent", "[support]") {
    memory_file_system files;
    files.put("/d/f", "content");
    const auto copy = files.clone();
    CHECK(copy->image() == files.image());
    copy->flip_bit("/d/f", 0);
    CHECK(copy->image() != files.image());
}
