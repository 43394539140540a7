#include "server/net/peer_message.hpp"

#include <conclave/jute.hpp>

#include <algorithm>

namespace conclave::net {

namespace {

enum class message_type : std::uint8_t { hello = 1, ready = 2, open = 3, refusal = 4 };

constexpr bytes_view hello_magic = "CONCPEER";
constexpr std::size_t sentence_size_max = 512;
constexpr std::uint32_t server_id_max = 255;

void transfer(auto& archive, auto& id) {
    for (auto& octet : id) {
        archive(octet);
    }
}

/// What follows the versions.
void transfer_body(auto& archive, auto& hello, auto& cluster) {
    archive(hello.server, hello.addressee);
    transfer(archive, cluster);
    transfer(archive, hello.storage);
    archive(hello.boot, hello.lost_link);
}

bool is_server(server_id id) {
    return id.value >= 1 && id.value <= server_id_max;
}

/// Nothing that could forge a log line or confuse a terminal.
std::string printable(bytes_view text) {
    std::string clean{text.substr(0, sentence_size_max)};
    std::replace_if(
        clean.begin(), clean.end(), [](char each) { return each < ' ' || each > '~'; }, '?'
    );
    return clean;
}

std::optional<peer_message> decode_hello(jute::reader in) {
    if (in.rest().substr(0, hello_magic.size()) != hello_magic) {
        return std::nullopt;
    }
    in = jute::reader{in.rest().substr(hello_magic.size())};
    peer_hello hello;
    in(hello.version_min, hello.version_max);
    if (!in.ok() || hello.version_min > hello.version_max) {
        return std::nullopt;
    }
    if (!has_common_version(hello)) {
        return hello;
    }
    unique_id cluster{};
    transfer_body(in, hello, cluster);
    if (!in.ok() || !is_server(hello.server) || !is_server(hello.addressee)) {
        return std::nullopt;
    }
    if (cluster != unique_id{}) {
        hello.cluster = cluster;
    }
    // Octets that follow are for newer versions.
    return hello;
}

std::optional<peer_message> decode_open(jute::reader in) {
    peer_open open;
    in(open.link_number);
    if (!in.ok() || open.link_number == 0) {
        return std::nullopt;
    }
    return open;
}

std::optional<peer_message> decode_refusal(jute::reader in) {
    std::uint16_t code = 0;
    bytes_view sentence;
    in(code, sentence);
    if (!in.ok()) {
        return std::nullopt;
    }
    return peer_refusal{refusal_code{code}, printable(sentence)};
}

class message_writer {
public:
    explicit message_writer(bytes& out) : out_(out), archive_(out) {}

    void operator()(const peer_hello& hello) {
        begin(message_type::hello);
        out_.append(hello_magic);
        archive_(hello.version_min, hello.version_max);
        const unique_id cluster = hello.cluster.value_or(unique_id{});
        transfer_body(archive_, hello, cluster);
    }

    void operator()(const peer_ready&) { begin(message_type::ready); }

    void operator()(const peer_open& open) {
        begin(message_type::open);
        archive_(open.link_number);
    }

    void operator()(const peer_refusal& refusal) {
        begin(message_type::refusal);
        archive_(
            static_cast<std::uint16_t>(refusal.code),
            bytes_view{refusal.sentence}.substr(0, sentence_size_max)
        );
    }

private:
    void begin(message_type type) { archive_(static_cast<std::uint8_t>(type)); }

    bytes& out_;
    jute::writer archive_;
};

} // namespace

bytes encode(const peer_message& message) {
    bytes payload;
    std::visit(message_writer{payload}, message);
    return payload;
}

std::optional<peer_message> decode_peer_message(bytes_view payload) {
    jute::reader in{payload};
    std::uint8_t type = 0;
    in(type);
    switch (static_cast<message_type>(type)) {
    case message_type::hello:
        return decode_hello(in);
    case message_type::ready:
        return peer_ready{};
    case message_type::open:
        return decode_open(in);
    case message_type::refusal:
        return decode_refusal(in);
    }
    return std::nullopt;
}

bool has_common_version(const peer_hello& hello) {
    return hello.version_min <= peer_version_max && hello.version_max >= peer_version_min;
}

std::string text_of(const unique_id& id) {
    constexpr bytes_view digits = "0123456789abcdef";
    std::string text;
    for (const std::uint8_t octet : id) {
        text.push_back(digits[octet >> 4U]);
        text.push_back(digits[octet & 0xfU]);
    }
    return text;
}

} // namespace conclave::net
