#include "test/bench/request_template.hpp"

#include <conclave/jute.hpp>

#include <fmt/core.h>

#include <cstring>

namespace conclave::bench {

namespace {

constexpr std::size_t xid_position = sizeof(std::int32_t);

/// Behind the frame length, the header of two ints, and the length of the path, which is always the
/// first field.
constexpr std::size_t path_position = 4 * sizeof(std::int32_t);

template <class Record>
bytes encode(opcode type, const Record& record) {
    bytes frame;
    {
        const jute::frame_scope scope{frame};
        jute::writer{frame}(request_header{xid{0}, type}, record);
    }
    return frame;
}

bytes encode_create(bytes_view path, bytes_view data, create_mode mode) {
    create_request request;
    request.path = path;
    request.data = data;
    request.acl.push_back({permission::all, "world", "anyone"});
    request.flags = static_cast<std::int32_t>(mode);
    return encode(opcode::create, request);
}

void overwrite_digits(char* first, std::size_t digits, std::uint32_t number) {
    for (char* digit = first + digits; digit != first; number /= 10) {
        *--digit = static_cast<char>('0' + number % 10);
    }
}

} // namespace

bytes layout::directory_path(std::uint32_t directory) const {
    return fmt::format("{}/d{:0{}}", root, directory, directory_digits);
}

bytes layout::node_path(std::uint32_t node) const {
    return fmt::format("{}/n{:0{}}", directory_path(directory_of(node)), node, node_digits);
}

request_template::request_template(bytes frame, const layout& where, bool has_node)
    : frame_(std::move(frame))
    , directory_position_(path_position + where.root.size() + std::strlen("/d"))
    , node_position_(
          has_node ? directory_position_ + layout::directory_digits + std::strlen("/n") : 0
      ) {}

request_template request_template::read(opcode type, const layout& where) {
    const bytes path = where.node_path(0);
    return {encode(type, read_request{path, false}), where, true};
}

request_template request_template::set_data(const layout& where, bytes_view data) {
    constexpr std::int32_t any_version = -1;
    const bytes path = where.node_path(0);
    return {encode(opcode::set_data, set_data_request{path, data, any_version}), where, true};
}

request_template request_template::create_directory(const layout& where) {
    return {encode_create(where.directory_path(0), "", create_mode::persistent), where, false};
}

request_template request_template::create_node(const layout& where, bytes_view data) {
    return {encode_create(where.node_path(0), data, create_mode::persistent), where, true};
}

request_template request_template::create_sequential(const layout& where, bytes_view data) {
    const bytes path = where.directory_path(0) + "/s";
    return {encode_create(path, data, create_mode::persistent_sequential), where, false};
}

void request_template::append(
    bytes& out, std::int32_t id, std::uint32_t directory, std::uint32_t node
) const {
    const std::size_t start = out.size();
    out.append(frame_);
    jute::writer{out}.patch_int(start + xid_position, id);
    char* const copy = out.data() + start;
    overwrite_digits(copy + directory_position_, layout::directory_digits, directory);
    if (node_position_ != 0) {
        overwrite_digits(copy + node_position_, layout::node_digits, node);
    }
}

} // namespace conclave::bench
