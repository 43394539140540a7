#include "server/log/segment_files.hpp"
#include "test/unit/log/log_fixture.hpp"

#include <catch2/catch.hpp>

using namespace conclave;
using namespace conclave::txnlog;
using test::file_operation;
using test::log_directory;
using test::log_files;
using test::operation_view;

namespace {

const std::string prepared = "/log/log.next";

} // namespace

TEST_CASE("segment files: the file is durable zeros of the size asked for", "[log][files]") {
    log_files files;
    const std::uint64_t size = GENERATE(12288U, (256U << 10) - 4096, 256U << 10, (5U << 20) + 4096);
    REQUIRE_FALSE(prepare_segment(files, log_directory, size));
    CHECK(files.durable_content(prepared) == bytes(size, '\0'));
}

TEST_CASE("segment files: the room is told before the zeros are written", "[log][files]") {
    log_files files;
    std::size_t writes = 0;
    std::vector<std::size_t> writes_when_told;
    files.set_fault([&](const operation_view& operation) {
        writes += operation.kind == file_operation::write ? 1 : 0;
        return std::error_code{};
    });
    REQUIRE_FALSE(prepare_segment(files, log_directory, 1U << 20, [&] {
        writes_when_told.push_back(writes);
    }));
    CHECK(writes_when_told == std::vector<std::size_t>{0});
    CHECK(writes > 1);
}

TEST_CASE(
    "segment files: a file system that promises no room is used all the same", "[log][files]"
) {
    log_files files;
    files.fail_every(file_operation::reserve, std::errc::operation_not_supported);
    bool was_told = false;
    REQUIRE_FALSE(prepare_segment(files, log_directory, 16384, [&] { was_told = true; }));
    CHECK_FALSE(was_told);
    CHECK(files.durable_content(prepared) == bytes(16384, '\0'));
}

TEST_CASE("segment files: what an earlier attempt left is replaced", "[log][files]") {
    log_files files;
    files.put(prepared, bytes(100000, 'x'));
    REQUIRE_FALSE(prepare_segment(files, log_directory, 16384));
    CHECK(files.content(prepared) == bytes(16384, '\0'));
}

TEST_CASE("segment files: a full disk is an error and keeps no space", "[log][files]") {
    log_files files;
    files.set_capacity(16383);
    CHECK(prepare_segment(files, log_directory, 16384) == std::errc::no_space_on_device);
    CHECK_FALSE(files.exists(prepared));
    files.set_capacity(16384);
    CHECK_FALSE(prepare_segment(files, log_directory, 16384));
}

TEST_CASE("segment files: an error at any step is reported and leaves no file", "[log][files]") {
    log_files dry_run;
    const std::size_t first = dry_run.operation_count();
    REQUIRE_FALSE(prepare_segment(dry_run, log_directory, 16384));
    for (std::size_t step = first; step < dry_run.operation_count(); ++step) {
        log_files files;
        files.fail_once(step, std::errc::io_error);
        INFO("step " << step - first);
        CHECK(prepare_segment(files, log_directory, 16384) == std::errc::io_error);
        CHECK_FALSE(files.exists(prepared));
    }
}

TEST_CASE("segment files: what cannot be removed stops the purge and is told", "[log][purge]") {
    log_files files;
    files.put(test::segment_path(1), "");
    files.put(test::segment_path(2), "");
    files.fail_once(files.operation_count() + 2, std::errc::permission_denied);
    std::error_code error;
    CHECK(remove_segments(files, log_directory, {segment_name(1), segment_name(2)}, error) == 1);
    CHECK(error == std::errc::permission_denied);
    CHECK(files.exists(test::segment_path(2)));
    CHECK(remove_segments(files, log_directory, {segment_name(1), segment_name(2)}, error) == 2);
    CHECK_FALSE(error);
}
