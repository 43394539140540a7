#include "server/log/posix_file_system.hpp"
#include "server/log/recovery.hpp"
#include "server/maintenance/checkpoint_builder.hpp"
#include "server/maintenance/examination.hpp"
#include "server/maintenance/founding.hpp"
#include "server/maintenance/zookeeper_export.hpp"
#include "server/maintenance/zookeeper_files.hpp"
#include "server/store/idle_checkpoint.hpp"
#include "server/tree/tree_filling.hpp"
#include "test/unit/log/temporary_directory.hpp"
#include "test/unit/maintenance/zookeeper_bytes.hpp"

#include <catch2/catch.hpp>

#include <fstream>

using namespace conclave;
using namespace conclave::test;
using namespace conclave::maintenance;
using Catch::Matchers::Contains;

namespace {

namespace fs = std::filesystem;

/// A tree with one node more than a new one, at zxid 0x500000009.
void build(const fs::path& at) {
    auto opened = checkpoint_builder::open(at);
    REQUIRE(opened);
    checkpoint_builder& to = **opened;
    tree::tree_filling nodes{to.rows(), 1};
    tree::node_head head;
    for (const char* const path : {"/zookeeper/config", "/zookeeper/quota"}) {
        nodes.put(path, head, {}, bytes_view{});
    }
    head.num_children = 2;
    nodes.put("/", head, {}, bytes_view{});
    nodes.put("/zookeeper", head, {}, bytes_view{});
    head = {};
    head.czxid = head.mzxid = head.pzxid = zxid{7};
    head.version = 3;
    nodes.put("/a", head, {}, bytes_view{"one"});
    nodes.finish();
    to.put_session(session_id{0x77}, 4000);
    replica::history_row row;
    row.applied.at.at = zxid{epoch{5}, 9};
    REQUIRE(to.save(row));
}

} // namespace

TEST_CASE("founding: what is finished is whole", "[founding]") {
    const temporary_directory scratch;
    txnlog::posix_file_system files;
    {
        auto begun = founding::begin(files, {scratch / "data", {}});
        REQUIRE(begun);
        build((*begun)->checkpoint_path());
        REQUIRE((*begun)->finish(zxid{epoch{5}, 9}, epoch{8}));
    }
    const auto report = examine(files, {scratch / "data", {}}, scratch.path());
    REQUIRE(report);
    INFO(to_text(*report));
    CHECK(report->is_usable());
    CHECK(report->checkpoint->node_count == 5);
    CHECK(report->checkpoint->session_count == 1);
    CHECK(report->log->promised == epoch{8});
    CHECK(to_json(*report).find("\"zxid\": \"0x500000009\"") != std::string::npos);
}

TEST_CASE("founding: what is given up leaves nothing", "[founding]") {
    const temporary_directory scratch;
    txnlog::posix_file_system files;
    {
        auto begun = founding::begin(files, {scratch / "data", scratch / "log"});
        REQUIRE(begun);
        build((*begun)->checkpoint_path());
    }
    CHECK_FALSE(fs::exists(scratch / "data/conclave"));
    CHECK(founding::begin(files, {scratch / "data", {}}).has_value());
}

TEST_CASE("founding: data that are there are not touched", "[founding]") {
    const temporary_directory scratch;
    txnlog::posix_file_system files;
    fs::create_directories(scratch / "data/conclave/log");
    const auto begun = founding::begin(files, {scratch / "data", {}});
    REQUIRE_FALSE(begun);
    CHECK_THAT(begun.error(), Contains("holds data of a server already"));
    CHECK(fs::exists(scratch / "data/conclave/log"));
}

TEST_CASE("founding: a file that somebody cut short is judged in a copy", "[founding][idle]") {
    const temporary_directory scratch;
    build(scratch / "checkpoint");
    const fs::path file = scratch / "checkpoint/data.mdb";
    const auto size = fs::file_size(file);
    fs::resize_file(file, size / 2);
    const auto damaged = store::idle_checkpoint::open(scratch / "checkpoint", scratch.path());
    REQUIRE_FALSE(damaged);
    CHECK(fs::file_size(file) == size / 2);
    CHECK(std::distance(fs::directory_iterator{scratch.path()}, {}) == 1); // the copy is gone
}

TEST_CASE("zookeeper export: it is read back as it was", "[export]") {
    const temporary_directory scratch;
    build(scratch / "checkpoint");
    auto opened = store::idle_checkpoint::open(scratch / "checkpoint", scratch.path());
    REQUIRE(opened);
    zookeeper_export exporting{(*opened)->tables()};
    bytes all;
    for (auto more = exporting.next(all); *more; more = exporting.next(all)) {
        REQUIRE(more);
    }
    text_source from{all, 4096};
    zookeeper_state state;
    const auto read = read_zookeeper_snapshot(from, state);
    INFO((read ? std::string{} : read.error()));
    REQUIRE(read);
    CHECK(state.nodes().size() == 5);
    CHECK(state.nodes().at("/a").data == "one");
    CHECK(state.nodes().at("/a").version == 3);
    CHECK(state.nodes().at("/").cversion == 0);
    CHECK(state.sessions() == std::map<std::int64_t, std::int32_t>{{0x77, 4000}});
}
