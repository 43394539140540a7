/// What a stream has still to send. Private to this folder.
#pragma once

#include "server/admin/http_exchange.hpp"

#include <cstddef>
#include <deque>
#include <unordered_map>

namespace conclave::admin {

/// Octets that wait in all queues of a server together. A part that waits in many counts once, as
/// it is in memory once.
class stream_backlog {
public:
    void add(const stream_part& part) { size_ += ++counts_[&part] == 1 ? part.chunk().size() : 0; }

    void remove(const stream_part& part) {
        const auto found = counts_.find(&part);
        if (--found->second == 0) {
            size_ -= part.chunk().size();
            counts_.erase(found);
        }
    }

    [[nodiscard]] std::size_t size() const { return size_; }

private:
    std::unordered_map<const stream_part*, std::size_t> counts_; ///< how many queues it waits in
    std::size_t size_ = 0;
};

/// The parts of one stream that wait, and the octets that are being written. Parts are not copied,
/// but for small ones, of which some are written at once.
class stream_queue {
public:
    explicit stream_queue(stream_backlog& all) : all_(all) {}

    ~stream_queue() { clear(); }

    stream_queue(const stream_queue&) = delete;
    stream_queue& operator=(const stream_queue&) = delete;

    [[nodiscard]] bool empty() const { return waiting_.empty(); }

    /// Octets that wait, without those that are being written.
    [[nodiscard]] std::size_t size() const { return size_; }

    /// `rest`: the octets of it that are to be written, a view into it.
    void push(stream_part_pointer part, bytes_view rest);

    /// Takes octets off it. Not if it is empty. @return what to write, valid until `end_write`
    [[nodiscard]] bytes_view begin_write();

    void end_write();

    /// Forgets what waits.
    void clear();

private:
    struct entry {
        stream_part_pointer part;
        bytes_view rest;
    };

    entry take();

    stream_backlog& all_;
    std::deque<entry> waiting_;
    std::size_t size_ = 0;
    stream_part_pointer written_;
    bytes together_;
};

} // namespace conclave::admin
