#include "server/net/tls_keys.hpp"

#include "server/tls/store.hpp"

#include <conclave/log_line.hpp>

#include <boost/asio/post.hpp>

#include <stdexcept>
#include <sys/stat.h>
#include <utility>

namespace conclave::net {

tls_keys::tls_keys(
    asio::io_context& loader, asio::io_context& user, tls::settings from, std::string whose
)
    : user_(user)
    , settings_(std::move(from))
    , whose_(std::move(whose))
    , next_look_(loader)
    // Before they are read, so that what changes meanwhile is read again.
    , loaded_(marks())
    , seen_(loaded_)
    , current_(std::make_shared<const tls::context>(settings_)) {}

void tls_keys::follow_files(std::chrono::milliseconds interval) {
    interval_ = interval;
    wait();
}

tls_keys::file_mark tls_keys::mark_of(const std::string& file) {
    struct ::stat found {};

    if (::stat(file.c_str(), &found) != 0) {
        return {};
    }
    constexpr std::int64_t ns_per_s = 1'000'000'000;
    return {
        found.st_dev,
        found.st_ino,
        found.st_size,
        found.st_mtim.tv_sec * ns_per_s + found.st_mtim.tv_nsec};
}

std::vector<tls_keys::file_mark> tls_keys::marks() const {
    std::vector<file_mark> all;
    for (const tls::store_settings& store : {settings_.key_store, settings_.trust_store}) {
        for (const std::string& file : tls::files_of(store)) {
            all.push_back(mark_of(file));
        }
    }
    return all;
}

void tls_keys::wait() {
    next_look_.expires_after(interval_);
    next_look_.async_wait([self = shared_from_this()](error_code cancelled) {
        if (!cancelled) {
            self->look();
            self->wait();
        }
    });
}

/// A change counts when it is the same at a second look, so that files are read when they are
/// written, not while.
void tls_keys::look() {
    const std::vector<file_mark> now = marks();
    if (now != loaded_ && now == seen_) {
        loaded_ = now;
        load();
    }
    seen_ = now;
}

void tls_keys::load() {
    try {
        asio::post(
            user_,
            [self = shared_from_this(), read = std::make_shared<const tls::context>(settings_)] {
                self->current_ = read;
            }
        );
        log(log_level::info, "TLS keys read again for={}", whose_);
    } catch (const std::runtime_error& why) {
        log(log_level::error,
            "TLS keys not read again for={} reason=\"{}\"; those from before stay in use",
            whose_,
            why.what());
    }
}

} // namespace conclave::net
