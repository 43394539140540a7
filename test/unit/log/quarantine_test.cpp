#include "server/log/posix_file_system.hpp"
#include "server/log/quarantine.hpp"
#include "test/unit/log/log_fixture.hpp"
#include "test/unit/log/temporary_directory.hpp"

#include <catch2/catch.hpp>

#include <filesystem>
#include <fstream>

using namespace conclave;
using namespace conclave::test;
using namespace conclave::txnlog;
using Catch::Matchers::Contains;

namespace {

namespace fs = std::filesystem;

struct power_cut {};

/// Ends the process, so to speak, before a given change of the directory.
class ending_file_system final : public file_system {
public:
    explicit ending_file_system(int changes_left) : changes_left_(changes_left) {}

    io_result<std::unique_ptr<file>> open(const std::string& path, open_mode mode) override {
        count(mode == open_mode::create);
        return files_.open(path, mode);
    }

    std::error_code rename(const std::string& from, const std::string& to) override {
        count(true);
        return files_.rename(from, to);
    }

    std::error_code remove(const std::string& path) override {
        count(true);
        return files_.remove(path);
    }

    io_result<std::vector<std::string>> list(const std::string& directory) override {
        return files_.list(directory);
    }

    std::error_code make_directory(const std::string& path) override {
        count(true);
        return files_.make_directory(path);
    }

    std::error_code sync_directory(const std::string& path) override {
        return files_.sync_directory(path);
    }

private:
    void count(bool is_change) {
        if (is_change && changes_left_-- == 0) {
            throw power_cut{};
        }
    }

    posix_file_system files_;
    int changes_left_;
};

struct used_directory {
    used_directory() {
        given.data_directory = directory.path();
        given.pid = 4711;
        given.fresh = {make_id(1), make_id(2)};
        const data_directory opened = data_directory::open(files, given);
        old = opened.identity();
        folder = opened.path();
        write("log", "old log");
        fs::create_directory(fs::path{folder} / "checkpoint");
        write("checkpoint", "old state");
        given.fresh = {make_id(3), make_id(4)};
    }

    void write(const std::string& in, const std::string& text) const {
        std::ofstream{fs::path{folder} / in / "file"} << text;
    }

    [[nodiscard]] std::string read(const std::string& in) const {
        std::ifstream file{fs::path{folder} / in / "file"};
        return {std::istreambuf_iterator<char>{file}, {}};
    }

    temporary_directory directory;
    posix_file_system files;
    data_directory_options given;
    data_identity old;
    std::string folder;
};

} // namespace

TEST_CASE(
    "quarantine: the next start begins with nothing and nothing is lost", "[log][quarantine]"
) {
    used_directory used;
    request_quarantine(used.files, used.given, "it is rotten");
    CHECK(used.read("log") == "old log");
    data_directory opened = data_directory::open(used.files, used.given);
    CHECK(opened.has_lost_history());
    CHECK(opened.is_new());
    CHECK(opened.identity().cluster == used.old.cluster);
    CHECK(opened.identity().storage == used.given.fresh.storage);
    CHECK(used.read("log.damaged-1") == "old log");
    CHECK(used.read("checkpoint.damaged-1") == "old state");
    CHECK(used.files.list(opened.log_path())->empty());
    CHECK_FALSE(fs::exists(fs::path{used.folder} / "checkpoint"));
}

TEST_CASE(
    "quarantine: interrupted anywhere it is completed by the next start", "[log][quarantine]"
) {
    bool was_interrupted = true;
    for (int changes = 0; was_interrupted; ++changes) {
        CAPTURE(changes);
        used_directory used;
        request_quarantine(used.files, used.given, "it is rotten");
        ending_file_system ending{changes};
        was_interrupted = false;
        try {
            data_directory::open(ending, used.given);
        } catch (const power_cut&) {
            was_interrupted = true;
        }
        used.given.fresh.storage = make_id(static_cast<std::uint8_t>(changes + 10));
        const data_directory opened = data_directory::open(used.files, used.given);
        CHECK(opened.has_lost_history());
        CHECK(opened.identity().storage != used.old.storage);
        CHECK(opened.identity().cluster == used.old.cluster);
        CHECK(used.read("log.damaged-1") == "old log");
        CHECK(used.read("checkpoint.damaged-1") == "old state");
        CHECK(used.files.list(opened.log_path())->empty());
        REQUIRE(changes < 100);
    }
}

TEST_CASE("quarantine: what is rebuilt stays", "[log][quarantine]") {
    used_directory used;
    request_quarantine(used.files, used.given, "it is rotten");
    const data_identity fresh = data_directory::open(used.files, used.given).identity();
    used.write("log", "new log");
    {
        data_directory again = data_directory::open(used.files, used.given);
        CHECK(again.has_lost_history()); // nobody has said that it is rebuilt
        CHECK(again.identity() == fresh);
        again.end_quarantine(used.files);
        CHECK_FALSE(again.has_lost_history());
    }
    CHECK_FALSE(data_directory::open(used.files, used.given).has_lost_history());
    CHECK(used.read("log") == "new log");
    CHECK(used.read("log.damaged-1") == "old log");
}

TEST_CASE("quarantine: somebody must look at a disk that needs many", "[log][quarantine]") {
    used_directory used;
    for (std::uint32_t count = 0; count < quarantine_count_max; ++count) {
        request_quarantine(used.files, used.given, "it is rotten");
        static_cast<void>(data_directory::open(used.files, used.given));
    }
    CHECK_THROWS_WITH(
        request_quarantine(used.files, used.given, "it is rotten again"),
        Contains("damaged states") && Contains(".damaged-") && Contains("it is rotten again")
    );
    CHECK_NOTHROW(data_directory::open(used.files, used.given));
}

TEST_CASE("quarantine: not of a directory that is in use", "[log][quarantine]") {
    used_directory used;
    const data_directory held = data_directory::open(used.files, used.given);
    CHECK_THROWS_WITH(request_quarantine(used.files, used.given, "x"), Contains("in use"));
}
