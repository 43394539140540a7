#include "server/maintenance/founding.hpp"

#include "server/log/log_writer.hpp"
#include "server/store/durable_directory.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <random>
#include <unistd.h>

namespace conclave::maintenance {

namespace {

namespace fs = std::filesystem;

constexpr std::string_view own_folder = "conclave";
constexpr std::string_view lock_name = "lock";

txnlog::unique_id random_id() {
    std::random_device source;
    txnlog::unique_id id{};
    std::generate(id.begin(), id.end(), [&] { return static_cast<std::uint8_t>(source()); });
    return id;
}

/// A sentence about what stands in the way; empty if nothing does.
std::string objection_to(const std::string& directory) {
    std::error_code failed;
    for (const fs::directory_entry& each :
         fs::directory_iterator{fs::path{directory} / own_folder, failed}) {
        if (each.path().filename() != lock_name) {
            return fmt::format(
                "{} holds data of a server already ({}); name an empty directory, or move that "
                "folder away first",
                directory,
                each.path().filename().string()
            );
        }
    }
    fs::create_directories(directory, failed);
    return failed ? fmt::format("cannot make {}: {}", directory, failed.message()) : std::string{};
}

} // namespace

std::uint64_t founding::draw_number() {
    std::random_device source;
    return (std::uint64_t{source()} << 32U) | source();
}

founding::founding(txnlog::file_system& files, txnlog::data_directory taken)
    : files_(files)
    , directory_(std::move(taken))
    , building_(fs::path{directory_.path()} / "checkpoint.building") {}

founding::~founding() {
    if (is_finished_) {
        return;
    }
    // What cannot be removed here is incomplete, and refused by every server.
    std::error_code ignored;
    fs::remove_all(building_, ignored);
    store::remove_staging(building_);
    fs::remove_all(directory_.log_path(), ignored);
    for (const std::string_view each : {"checkpoint", "identity", "lock"}) {
        fs::remove_all(fs::path{directory_.path()} / each, ignored);
    }
    fs::remove(directory_.path(), ignored);
}

result<std::unique_ptr<founding>, std::string>
founding::begin(txnlog::file_system& files, const data_place& where) {
    for (const std::string& each : {where.data_directory, where.log_directory}) {
        if (const std::string objection = each.empty() ? std::string{} : objection_to(each);
            !objection.empty()) {
            return unexpected{objection};
        }
    }
    txnlog::data_directory_options options;
    options.data_directory = where.data_directory;
    options.log_data_directory = where.log_directory;
    options.pid = ::getpid();
    options.fresh = {random_id(), random_id()};
    try {
        return std::unique_ptr<founding>{
            new founding{files, txnlog::data_directory::open(files, options)}};
    } catch (const txnlog::data_directory_error& problem) {
        return unexpected{std::string{problem.what()}};
    }
}

result<void, std::string> founding::write_log(zxid last, epoch promised) {
    txnlog::log_writer_options options;
    options.cluster = directory_.identity().cluster;
    options.storage = directory_.identity().storage;
    options.nonce = random_id();
    options.base = last;
    options.head_payload = zab::to_log_record(zab::promise{promised, {}, 0}).payload;
    const auto written = txnlog::log_writer::open(files_, directory_.log_path(), options, {});
    if (!written) {
        return unexpected{fmt::format(
            "cannot write the log in {}: {}", directory_.log_path(), written.error().message()
        )};
    }
    return {};
}

result<void, std::string> founding::finish(zxid last, epoch promised) {
    if (auto written = write_log(last, promised); !written) {
        return written;
    }
    auto installed = store::install_directory(
        building_, fs::path{directory_.path()} / "checkpoint", store::replacing::forbidden
    );
    if (!installed) {
        return unexpected{installed.error().text};
    }
    is_finished_ = true;
    return {};
}

} // namespace conclave::maintenance
