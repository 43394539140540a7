#include "server/tree/corrupt_state.hpp"
#include "test/unit/store/power_loss.hpp"
#include "test/unit/store/store_fixture.hpp"

#include <array>
#include <cstdio>
#include <sys/wait.h>
#include <unistd.h>

namespace conclave::store::testing {

namespace fs = std::filesystem;

namespace {

const row_key zxid_row{table::meta, "zxid"};

/// Commits of a state machine that writes, rewrites and erases, with the commit's number in the
/// same transaction.
class workload {
public:
    explicit workload(std::uint32_t seed) : random_(seed) {}

    /// Most commits change a few rows; some erase nearly everything, which frees pages at the end
    /// of the file.
    row_changes next(std::uint64_t number) {
        row_changes changes;
        const bool erases_most = number % 9 == 8;
        const int count = erases_most ? key_count : 25;
        for (int index = 0; index < count; ++index) {
            const int key = erases_most ? index : pick(key_count);
            const bool erases = erases_most ? pick(20) != 0 : pick(4) == 0;
            changes[{tables_[static_cast<std::size_t>(key % 3)], name_of(key)}] =
                erases ? std::nullopt : std::optional<bytes>{value()};
        }
        changes[zxid_row] = std::to_string(number);
        return changes;
    }

private:
    static constexpr int key_count = 400;

    static bytes name_of(int key) {
        return std::to_string(static_cast<unsigned>(key) * 2654435761U) + "-key";
    }

    int pick(int count) { return std::uniform_int_distribution<>{0, count - 1}(random_); }

    bytes value() {
        const int size = pick(30) == 0 ? 9'000 : pick(300);
        return bytes(static_cast<std::size_t>(size), static_cast<char>('a' + pick(26)));
    }

    const std::array<table, 3> tables_{table::node, table::session, table::ephemeral};
    std::mt19937 random_;
};

/// What was written to the file by a number of commits, and what the store held after each.
struct recording {
    bytes before;
    bytes after;
    std::vector<disk_event> events;
    std::vector<rows> states; ///< by commit number; 0 is the empty store
};

recording record(std::uint32_t seed, std::uint64_t commit_count) {
    const temporary_directory here;
    const auto directory = here.path() / "checkpoint";
    const auto store = must_open(settings_in(directory));
    recording made{file_octets(directory / "data.mdb"), {}, {}, {{}}};
    workload commits{seed};
    disk_tap tap{directory / "data.mdb"};
    for (std::uint64_t number = 1; number <= commit_count; ++number) {
        const row_changes changes = commits.next(number);
        must_commit(*store, changes);
        tap.note(number);
        made.states.push_back(made.states.back());
        apply_to(made.states.back(), changes);
    }
    made.events = tap.events();
    made.after = file_octets(directory / "data.mdb");
    return made;
}

/// What a store says after a power loss.
struct verdict {
    bool is_consistent = false;
    bytes reason;
};

verdict examine(const fs::path& directory, std::uint64_t acknowledged, const recording& made) {
    auto opened = checkpoint_store::open(settings_in(directory));
    if (!opened) {
        return {false, opened.error().text};
    }
    const rows found = contents((*opened)->reader());
    const auto zxid = found.find(zxid_row);
    const std::uint64_t number = zxid == found.end() ? 0 : std::stoull(zxid->second);
    if (number != acknowledged && number != acknowledged + 1) {
        return {false, "it holds commit " + std::to_string(number)};
    }
    if (found != made.states.at(number)) {
        return {false, "its rows are not those of its zxid"};
    }
    return {true, {}};
}

verdict examine_image(
    const power_loss& losses, std::size_t cut, std::mt19937& random, const recording& made
) {
    const temporary_directory here;
    const auto directory = here.path() / "checkpoint";
    fs::create_directory(directory);
    write_file(directory / "data.mdb", losses.image(cut, random));
    return examine(directory, losses.noted_before(cut, 0), made);
}

/// True if examining an image ends well. In a process of its own: octets of a damaged image may
/// kill it.
bool is_consistent_elsewhere(
    const power_loss& losses, std::size_t cut, std::uint32_t seed, const recording& made
) {
    const pid_t child = ::fork();
    if (child == 0) {
        std::fclose(stderr); // LMDB and the sanitizers would describe what is expected to happen
        std::mt19937 random{seed};
        bool good = false;
        try {
            good = examine_image(losses, cut, random, made).is_consistent;
        } catch (const tree::corrupt_state&) {
            good = false;
        }
        ::_exit(good ? 0 : 1);
    }
    int status = 0;
    REQUIRE(::waitpid(child, &status, 0) == child);
    return WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

} // namespace

TEST_CASE(
    "power loss: every image holds the last durable commit or the one after it",
    "[store][power_loss]"
) {
    constexpr std::size_t images_per_event = 2;
    const auto seed = GENERATE(std::uint32_t{1}, std::uint32_t{2});
    const recording made = record(seed, 30);
    const power_loss losses{made.before, made.events};
    std::mt19937 random{seed};
    std::size_t image_count = 0;
    for (std::size_t cut = 0; cut <= losses.event_count(); ++cut) {
        for (std::size_t repeat = 0; repeat < images_per_event; ++repeat) {
            const verdict after = examine_image(losses, cut, random, made);
            if (!after.is_consistent) {
                CAPTURE(seed, cut, losses.noted_before(cut, 0));
                FAIL(after.reason);
            }
            ++image_count;
        }
    }
    CHECK(image_count > 300);
}

TEST_CASE("power loss: a device that ignores syncs is found out", "[store][power_loss]") {
    const recording made = record(3, 20);
    const power_loss losses{made.before, made.events, power_loss::device::ignores_syncs};
    std::size_t inconsistent_count = 0;
    constexpr std::uint32_t image_count = 40;
    for (std::uint32_t image = 0; image < image_count; ++image) {
        const std::size_t cut = losses.event_count() - image;
        inconsistent_count += is_consistent_elsewhere(losses, cut, image, made) ? 0 : 1;
    }
    CHECK(inconsistent_count > image_count / 2);
}

TEST_CASE("power loss: what was recorded is all that happened to the file", "[store][power_loss]") {
    const recording made = record(4, 20);
    CHECK(power_loss{made.before, made.events}.undisturbed() == made.after);
}

} // namespace conclave::store::testing
