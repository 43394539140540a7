/// Takes apart what a client sends: perhaps a four-letter word, else frames
/// (zookeeper-protocol 1.2).
#pragma once

#include <conclave/frame_reader.hpp>
#include <conclave/function_ref.hpp>
#include <conclave/types.hpp>

#include <optional>

namespace conclave::net {

/// The number of octets that belong to a four-letter word, behind it; nothing if these four octets
/// are none.
using word_lookup = function_ref<std::optional<std::size_t>(bytes_view first_four)>;

/// Bytes in, frames out; knows no socket. An idle connection holds no memory in it.
class client_input {
public:
    struct item {
        enum class kind {
            need_more,
            frames, ///< `content`: all whole frames that are there, lengths included, one behind
                    ///< the other
            word, ///< `content`: the word; `argument`: the octets that belong to it. Nothing comes
                  ///< after it
            bad_length, ///< negative or too large; final
        };

        kind is = kind::need_more;
        bytes_view content{};
        bytes_view argument{};
    };

    explicit client_input(std::size_t frame_size_max) : reader_(frame_size_max) {}

    void append(bytes_view data) { reader_.append(data); }

    /// `append` without a copy: `data` must stay valid until the next `append` or `compact`.
    void borrow(bytes_view data) { reader_.borrow(data); }

    /// The next item. Views in it are valid until `append` or `compact`.
    item next(word_lookup words);

    /// Gives the memory of taken items back.
    void compact() { reader_.compact(); }

private:
    [[nodiscard]] std::optional<item> next_word(word_lookup words) const;

    frame_reader reader_;
    bool is_first_ = true; ///< only the first four octets of a connection can be a word
};

} // namespace conclave::net
