#include "test/bench/workload.hpp"

namespace conclave::bench {

namespace {

constexpr std::uint32_t length_size = 4;
constexpr std::uint32_t stat_size = 68;

/// ZooKeeper appends ten digits to the name of a sequential znode.
constexpr std::uint32_t sequence_digits = 10;

std::uint32_t size_of(bytes_view text) {
    return static_cast<std::uint32_t>(text.size());
}

} // namespace

random_requests::random_requests(
    const layout& where, choice read, choice write, unsigned read_percent
)
    : where_(where)
    , read_(std::move(read))
    , write_(std::move(write))
    , read_percent_(read_percent) {}

random_requests
random_requests::mixed(const layout& where, bytes_view data, unsigned read_percent) {
    choice read{
        request_template::read(opcode::get_data, where),
        {request_kind::read, length_size + size_of(data) + stat_size},
    };
    choice write{request_template::set_data(where, data), {request_kind::write, stat_size}};
    return {where, std::move(read), std::move(write), read_percent};
}

random_requests random_requests::exists(const layout& where) {
    choice read{request_template::read(opcode::exists, where), {request_kind::read, stat_size}};
    choice unused = read;
    return {where, std::move(read), std::move(unused), 100};
}

random_requests random_requests::create(const layout& where, bytes_view data) {
    const std::uint32_t path_size = size_of(where.directory_path(0)) + 2 + sequence_digits;
    choice write{
        request_template::create_sequential(where, data),
        {request_kind::write, length_size + path_size},
    };
    choice unused = write;
    return {where, std::move(unused), std::move(write), 0};
}

std::optional<issued_request> random_requests::append_next(bytes& out, std::int32_t id) {
    const choice& chosen = random_below(100) < read_percent_ ? read_ : write_;
    const std::uint32_t node = random_below(where_.node_count);
    chosen.request.append(out, id, where_.directory_of(node), node);
    return chosen.expected;
}

/// splitmix64, reduced by a multiplication instead of a division.
std::uint32_t random_requests::random_below(std::uint32_t bound) {
    random_state_ += 0x9e3779b97f4a7c15;
    std::uint64_t mixed = random_state_;
    mixed = (mixed ^ (mixed >> 30)) * 0xbf58476d1ce4e5b9;
    mixed = (mixed ^ (mixed >> 27)) * 0x94d049bb133111eb;
    mixed ^= mixed >> 31;
    return static_cast<std::uint32_t>(((mixed >> 32) * bound) >> 32);
}

creation::creation(
    request_template request,
    std::uint32_t reply_size,
    std::uint32_t count,
    std::uint32_t per_directory
)
    : request_(std::move(request))
    , reply_size_(reply_size)
    , count_(count)
    , per_directory_(per_directory) {}

creation creation::of_directories(const layout& where) {
    const std::uint32_t path_size = size_of(where.directory_path(0));
    return {
        request_template::create_directory(where),
        length_size + path_size,
        where.directory_count(),
        1};
}

creation creation::of_nodes(const layout& where, bytes_view data) {
    const std::uint32_t path_size = size_of(where.node_path(0));
    return {
        request_template::create_node(where, data),
        length_size + path_size,
        where.node_count,
        where.children_per_directory,
    };
}

std::optional<issued_request> creation::append_next(bytes& out, std::int32_t id) {
    if (next_ == count_) {
        return std::nullopt;
    }
    request_.append(out, id, next_ / per_directory_, next_);
    ++next_;
    return issued_request{request_kind::write, reply_size_};
}

} // namespace conclave::bench
