#include "conclave/client/transaction.hpp"

namespace conclave::client {

namespace {

std::optional<bytes> owned(data_view data) {
    return data ? std::optional<bytes>{*data} : std::nullopt;
}

} // namespace

transaction& transaction::create(std::string path, data_view data, const create_options& options) {
    steps_.emplace_back(create_step{std::move(path), owned(data), options});
    return *this;
}

transaction& transaction::remove(std::string path, data_version version) {
    steps_.emplace_back(remove_step{std::move(path), version});
    return *this;
}

transaction& transaction::set(std::string path, data_view data, data_version version) {
    steps_.emplace_back(set_step{std::move(path), owned(data), version});
    return *this;
}

transaction& transaction::check(std::string path, data_version version) {
    steps_.emplace_back(check_step{std::move(path), version});
    return *this;
}

read_batch& read_batch::get(std::string path) {
    steps_.push_back(step{std::move(path), false});
    return *this;
}

read_batch& read_batch::get_children(std::string path) {
    steps_.push_back(step{std::move(path), true});
    return *this;
}

} // namespace conclave::client
