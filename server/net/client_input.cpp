#include "server/net/client_input.hpp"

namespace conclave::net {

namespace {

constexpr std::size_t length_size = 4; ///< of the length in front of a frame, and of a word

} // namespace

std::optional<client_input::item> client_input::next_word(word_lookup words) const {
    const bytes_view waiting = reader_.buffered();
    if (waiting.size() < length_size) {
        return item{};
    }
    const bytes_view word = waiting.substr(0, length_size);
    const std::optional<std::size_t> argument_size = words(word);
    if (!argument_size) {
        return std::nullopt;
    }
    if (waiting.size() < length_size + *argument_size) {
        return item{};
    }
    return item{item::kind::word, word, waiting.substr(length_size, *argument_size)};
}

client_input::item client_input::next(word_lookup words) {
    if (is_first_) {
        if (const std::optional<item> word = next_word(words)) {
            return *word;
        }
        is_first_ = false;
    }
    const char* begin = nullptr;
    const char* end = nullptr;
    bytes_view payload;
    frame_reader::status found{};
    while ((found = reader_.next(payload)) == frame_reader::status::frame) {
        if (begin == nullptr) {
            begin = payload.data() - length_size;
        }
        end = payload.data() + payload.size();
    }
    if (begin != nullptr) {
        // A bad length behind these frames is found again by the next call.
        return {item::kind::frames, {begin, static_cast<std::size_t>(end - begin)}, {}};
    }
    return {
        found == frame_reader::status::bad_length ? item::kind::bad_length : item::kind::need_more,
        {},
        {}};
}

} // namespace conclave::net
