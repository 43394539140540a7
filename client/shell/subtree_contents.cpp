#include "client/shell/subtree_contents.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace conclave::shell {

namespace operation = client::operation;

namespace {

constexpr std::size_t contents_batch_count = 512;
constexpr std::size_t contents_batch_size = std::size_t{8} << 20U; // bytes of data

/// Servers put "x" in place of a hash that the reader may not see.
bool hides_a_hash(const client::acl& entries) {
    return std::any_of(entries.begin(), entries.end(), [](const client::acl_entry& entry) {
        return entry.who.scheme == "digest" && entry.who.id.ends_with(":x");
    });
}

std::size_t end_of_batch(const subtree& listed, std::size_t begin) {
    std::size_t size = 0;
    std::size_t end = begin;
    while (end < listed.size() && end - begin < contents_batch_count &&
           (end == begin || size < contents_batch_size)) {
        size += static_cast<std::size_t>(listed.node(end).stat.data_length);
        ++end;
    }
    return end;
}

/// One batch of nodes: their data and, if wanted, their lists.
class contents_batch {
public:
    contents_batch(connection& from, const subtree& listed, std::size_t begin, std::size_t end)
        : listed_(listed), begin_(begin) {
        std::vector<operation::get> reads;
        for (std::size_t index = begin; index < end; ++index) {
            reads.push_back({listed.path_of(index)});
        }
        data_ = from.ask_all(std::move(reads));
    }

    void read_access(connection& from) {
        std::vector<operation::get_acl> reads;
        for (std::size_t index = begin_; index < begin_ + data_.size(); ++index) {
            reads.push_back({listed_.path_of(index)});
        }
        access_ = from.ask_all(std::move(reads));
    }

    outcome<> give_to(const contents_callback& take, unreadable forbidden) {
        for (std::size_t at = 0; at < data_.size(); ++at) {
            const std::size_t index = begin_ + at;
            auto contents = contents_of(at);
            if (!contents) {
                const std::error_code failed = contents.error().error;
                const bool is_skipped = forbidden == unreadable::is_left_out;
                if (failed == errc::no_node || (is_skipped && failed == errc::no_auth)) {
                    continue;
                }
                return unexpected{contents.error()};
            }
            if (auto taken = take(index, *std::move(contents)); !taken) {
                return taken;
            }
        }
        return {};
    }

private:
    outcome<node_contents> contents_of(std::size_t at) {
        const std::size_t index = begin_ + at;
        if (!data_[at]) {
            return failed_with(data_[at].error(), listed_.path_of(index));
        }
        node_contents contents;
        contents.data = std::move(data_[at]->data);
        contents.is_null = data_[at]->is_null;
        contents.mode = mode_of(data_[at]->stat);
        if (access_.empty()) {
            return contents;
        }
        if (!access_[at]) {
            return failed_with(access_[at].error(), listed_.path_of(index));
        }
        contents.access = std::move(access_[at]->entries);
        if (hides_a_hash(contents.access)) {
            return unexpected{failure{
                exit_code::not_permitted,
                fmt::format(
                    "{}: its access control list holds hashes that only its administrators see; "
                    "addauth as one of them",
                    listed_.path_of(index)
                ),
                {},
                {}}};
        }
        return contents;
    }

    const subtree& listed_;
    std::size_t begin_;
    std::vector<reply_to<operation::get>> data_;
    std::vector<reply_to<operation::get_acl>> access_;
};

std::optional<bytes> data_of(const node_contents& contents) {
    return contents.is_null ? std::nullopt : std::optional{contents.data};
}

operation::create creation_of(const std::string& path, const node_contents& contents) {
    client::create_options options = create_options_for(contents.mode);
    if (!contents.access.empty()) {
        options.with_acl(contents.access);
    }
    return {path, data_of(contents), options};
}

} // namespace

outcome<> read_contents(
    connection& from,
    const subtree& listed,
    bool with_access,
    const contents_callback& take,
    unreadable forbidden
) {
    for (std::size_t begin = 0; begin < listed.size();) {
        const std::size_t end = end_of_batch(listed, begin);
        contents_batch batch{from, listed, begin, end};
        if (with_access) {
            batch.read_access(from);
        }
        if (auto given = batch.give_to(take, forbidden); !given) {
            return given;
        }
        begin = end;
    }
    return {};
}

outcome<> subtree_writer::add(std::string path, node_contents contents) {
    waiting_size_ += contents.data.size();
    waiting_.push_back({std::move(path), std::move(contents)});
    return waiting_.size() < contents_batch_count && waiting_size_ < contents_batch_size
               ? outcome<>{}
               : finish();
}

outcome<> subtree_writer::finish() {
    std::vector<operation::create> batch;
    for (const waiting_node& each : waiting_) {
        batch.push_back(creation_of(each.path, each.contents));
    }
    const auto replies = to_.ask_all(std::move(batch));
    std::vector<std::size_t> existing;
    for (std::size_t at = 0; at < replies.size(); ++at) {
        if (replies[at]) {
            ++written_count_;
        } else if (replies[at].error() == errc::node_exists && overwrites_) {
            existing.push_back(at);
        } else {
            return failed_with(replies[at].error(), waiting_[at].path);
        }
    }
    auto overwritten = overwrite(existing);
    waiting_.clear();
    waiting_size_ = 0;
    return overwritten;
}

outcome<> subtree_writer::overwrite(const std::vector<std::size_t>& existing) {
    std::vector<operation::set> writes;
    std::vector<operation::set_acl> lists;
    std::vector<std::size_t> listed;
    for (const std::size_t at : existing) {
        const waiting_node& node = waiting_[at];
        writes.push_back({node.path, data_of(node.contents), client::any_version});
        if (!node.contents.access.empty()) {
            lists.push_back({node.path, node.contents.access, client::any_acl_version});
            listed.push_back(at);
        }
    }
    const auto check =
        [this](const auto& replies, const std::vector<std::size_t>& of) -> outcome<> {
        for (std::size_t at = 0; at < replies.size(); ++at) {
            if (!replies[at]) {
                return failed_with(replies[at].error(), waiting_[of[at]].path);
            }
        }
        return {};
    };
    if (auto set = check(to_.ask_all(std::move(writes)), existing); !set) {
        return set;
    }
    if (auto set = check(to_.ask_all(std::move(lists)), listed); !set) {
        return set;
    }
    written_count_ += existing.size();
    return {};
}

} // namespace conclave::shell
