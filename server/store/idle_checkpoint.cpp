#include "server/store/idle_checkpoint.hpp"

#include "server/store/checkpoint_reader.hpp"
#include "server/store/environment.hpp"

#include <fmt/format.h>

#include <cstdlib>
#include <string>

namespace conclave::store {

namespace {

namespace fs = std::filesystem;

/// Copies the data file into a new directory. @return  that directory.
result<fs::path, store_error> copy_to(const fs::path& scratch, const fs::path& directory) {
    std::string made = (scratch / "conclave-checkpoint-XXXXXX").string();
    std::error_code failed;
    if (::mkdtemp(made.data()) == nullptr) {
        failed = {errno, std::generic_category()};
    } else {
        fs::copy_file(data_file(directory), data_file(made), failed);
    }
    if (!failed) {
        return fs::path{made};
    }
    std::error_code ignored;
    fs::remove_all(made, ignored);
    return unexpected{store_error{
        store_errc::cut_short,
        fmt::format(
            "checkpoint {} lacks its end, which may be in order; to see that, a copy of it is "
            "needed in {}, which cannot be made: {}",
            data_file(directory).string(),
            scratch.string(),
            failed.message()
        )}};
}

} // namespace

idle_checkpoint::idle_checkpoint() = default;

idle_checkpoint::~idle_checkpoint() {
    reader_.reset();
    environment_.reset();
    if (!copy_.empty()) {
        std::error_code ignored;
        fs::remove_all(copy_, ignored);
    }
}

result<std::unique_ptr<idle_checkpoint>, store_error>
idle_checkpoint::open(const fs::path& directory, const fs::path& scratch) {
    const checkpoint_settings settings;
    std::unique_ptr<idle_checkpoint> made{new idle_checkpoint};
    auto opened = environment::open_read_only(directory, settings.map_size);
    if (!opened && opened.error().code == store_errc::cut_short) {
        auto copied = copy_to(scratch, directory);
        if (!copied) {
            return unexpected{copied.error()};
        }
        made->copy_ = *copied;
        opened = environment::open(made->copy_, settings.map_size);
    }
    if (!opened) {
        return unexpected{opened.error()};
    }
    made->environment_ = std::move(*opened);
    made->reader_ = std::make_unique<checkpoint_reader>(*made->environment_, settings);
    if (auto begun = made->reader_->begin(); !begun) {
        return unexpected{begun.error()};
    }
    return made;
}

tree::table_reader& idle_checkpoint::tables() {
    return *reader_;
}

std::size_t idle_checkpoint::used_size() const {
    return environment_->used_size();
}

void idle_checkpoint::trim() {
    reader_->trim_resident(checkpoint_settings{}.resident_size_max);
}

} // namespace conclave::store
