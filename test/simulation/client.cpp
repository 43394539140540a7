#include "test/simulation/client.hpp"

#include <fmt/format.h>

#include <stdexcept>

namespace conclave::simulation {

namespace {

constexpr std::int32_t session_timeout_ms = 10'000;

const std::vector<bytes> hot_paths{"/a", "/b", "/a/x", "/a/y", "/b/z", "/a/x/1"};

bool is_multi_failure(const replica::transaction& made) {
    const auto* failed = std::get_if<replica::failure>(&made.what);
    return failed != nullptr && failed->error == errc::ok;
}

} // namespace

void violated(const std::string& what) {
    throw std::runtime_error{what};
}

client::client(std::size_t number, std::uint64_t seed)
    : name_(fmt::format("client {}", number)), random_(seed) {}

bytes client::some_path() {
    return hot_paths[below(random_, hot_paths.size())];
}

void client::connected(replica::connection_id connection) {
    connection_ = connection;
    log_ = {};
    handshake_sent_ = false;
    handshake_checked_ = false;
}

void client::disconnected() {
    connection_.reset();
    waiting_.clear();
    data_watches_.clear();
    child_watches_.clear();
    last_reply_ = {};
}

bytes client::handshake_frame() {
    handshake_sent_ = true;
    return test::connect_frame(session_timeout_ms, session_, password_, last_seen_);
}

void client::check_handshake() {
    if (handshake_checked_ || !log_.handshake) {
        return;
    }
    handshake_checked_ = true;
    const test::connect_outcome& outcome = *log_.handshake;
    if (session_ != session_id{} && outcome.session != session_id{} &&
        outcome.session != session_) {
        violated(name_ + " asked for its session and got another one (G9)");
    }
    session_ = outcome.session;
    password_ = outcome.password;
}

bytes client::next_frame() {
    if (!handshake_sent_) {
        return handshake_frame();
    }
    const std::uint64_t kind = below(random_, 100);
    if (kind < 45) {
        return read_frame();
    }
    return kind < 88 ? write_frame() : multi_frame();
}

bytes client::read_frame() {
    const std::int32_t id = next_id_++;
    const bytes path = some_path();
    const bool watch = below(random_, 4) == 0;
    switch (below(random_, 5)) {
    case 0:
        waiting_.push_back({id, opcode::exists, path, watch});
        return test::request_frame(id, opcode::exists, bytes_view{path}, watch);
    case 1:
        waiting_.push_back({id, opcode::get_children2, path, watch});
        return test::request_frame(id, opcode::get_children2, bytes_view{path}, watch);
    case 2:
        waiting_.push_back({id, opcode::sync, path, false});
        return test::request_frame(id, opcode::sync, std::optional<bytes_view>{path});
    case 3:
        waiting_.push_back({id, opcode::ping, path, false});
        return test::request_frame(id, opcode::ping);
    default:
        waiting_.push_back({id, opcode::get_data, path, watch});
        return test::request_frame(id, opcode::get_data, bytes_view{path}, watch);
    }
}

bytes client::write_frame() {
    const std::int32_t id = next_id_++;
    const bytes path = some_path();
    const auto version = static_cast<std::int32_t>(below(random_, 4)) - 1;
    bytes data = fmt::format("{} {}", name_, id);
    if (below(random_, 20) == 0) {
        data.resize(below(random_, 5000), 'x');
    }
    switch (below(random_, 8)) {
    case 0:
    case 1:
        waiting_.push_back({id, opcode::create, path, false});
        return test::create_frame(id, path, data);
    case 2:
        waiting_.push_back({id, opcode::create2, path, false});
        return test::create_frame(id, path, data, create_mode::ephemeral, opcode::create2);
    case 3:
        waiting_.push_back({id, opcode::create, path + "-", false});
        return test::create_frame(id, path + "-", data, create_mode::persistent_sequential);
    case 4:
        waiting_.push_back({id, opcode::remove, path, false});
        return test::request_frame(id, opcode::remove, bytes_view{path}, version);
    case 5:
        waiting_.push_back({id, opcode::set_acl, path, false});
        return test::request_frame(
            id, opcode::set_acl, bytes_view{path}, test::world_acl(), version
        );
    default:
        waiting_.push_back({id, opcode::set_data, path, false});
        return test::request_frame(
            id, opcode::set_data, bytes_view{path}, std::optional<bytes_view>{data}, version
        );
    }
}

bytes client::multi_frame() {
    const std::int32_t id = next_id_++;
    waiting_.push_back({id, opcode::multi, {}, false});
    bytes frame;
    jute::writer to{frame};
    to(request_header{xid{id}, opcode::multi});
    for (std::uint64_t count = 1 + below(random_, 4); count != 0; --count) {
        const bytes path = some_path();
        const auto start = [&](opcode type) {
            to(multi_header{static_cast<std::int32_t>(type), false, -1});
        };
        switch (below(random_, 4)) {
        case 0:
            start(opcode::create);
            to(bytes_view{path}, std::optional<bytes_view>{"m"}, test::world_acl(), std::int32_t{0}
            );
            break;
        case 1:
            start(opcode::remove);
            to(bytes_view{path}, std::int32_t{-1});
            break;
        case 2:
            start(opcode::check);
            to(bytes_view{path}, static_cast<std::int32_t>(below(random_, 3)));
            break;
        default:
            start(opcode::set_data);
            to(bytes_view{path}, std::optional<bytes_view>{"n"}, std::int32_t{-1});
            break;
        }
    }
    to(multi_header{-1, true, -1});
    return frame;
}

void client::judge(const model& now, const replica::transaction* made) {
    const test::received_frame frame = log_.take();
    ++judged_;
    if (frame.is_event()) {
        return judge_event(frame);
    }
    if (waiting_.empty()) {
        violated(name_ + " got a reply that it did not ask for");
    }
    const asked_request request = waiting_.front();
    waiting_.pop_front();
    const xid expected = request.type == opcode::ping ? ping_xid : xid{request.id};
    if (frame.header.id != expected) {
        violated(fmt::format(
            "{}: replies are out of order: {} of request {} instead of {} (I24)",
            name_,
            frame.header.id.value,
            static_cast<int>(request.type),
            expected.value
        ));
    }
    if (frame.header.at < last_reply_ || frame.header.at < last_seen_) {
        violated(fmt::format("{}: zxids step back (I25)", name_));
    }
    last_reply_ = frame.header.at;
    last_seen_ = frame.header.at;
    check_missed_events(now);
    judge_reply(frame, request, now, made);
}

void client::judge_event(const test::received_frame& frame) {
    if (frame.header.at <= last_reply_) {
        violated(fmt::format(
            "{}: the event '{}' comes behind a reply that shows its state (I28)",
            name_,
            frame.event_text()
        ));
    }
    const std::string text = frame.event_text();
    const bytes path = text.substr(text.find(' ') + 1);
    const bool is_deleted = text.starts_with("deleted");
    const bool is_child = text.starts_with("children") || is_deleted;
    const bool is_data = !text.starts_with("children");
    const std::size_t fired =
        (is_data ? data_watches_.erase(path) : 0) + (is_child ? child_watches_.erase(path) : 0);
    if (fired == 0) {
        violated(fmt::format("{}: got '{}' without a watch (I28)", name_, text));
    }
}

/// A trigger at or before the state of a reply must have been told before that reply.
void client::check_missed_events(const model& now) const {
    for (const auto& [path, watch] : data_watches_) {
        if (now.last_data_trigger(path) > watch.since) {
            violated(fmt::format("{}: a change of {} was not told (I28)", name_, path));
        }
    }
    for (const auto& [path, watch] : child_watches_) {
        if (now.last_child_trigger(path) > watch.since) {
            violated(
                fmt::format("{}: a change of the children of {} was not told (I28)", name_, path)
            );
        }
    }
}

void client::judge_reply(
    const test::received_frame& frame,
    const asked_request& request,
    const model& now,
    const replica::transaction* made
) {
    switch (request.type) {
    case opcode::ping:
    case opcode::sync:
        return;
    case opcode::exists:
    case opcode::get_data:
    case opcode::get_children2:
        judge_read(frame, request, now);
        return;
    default:
        judge_write(frame, request, made);
    }
}

void client::judge_read(
    const test::received_frame& frame, const asked_request& request, const model& now
) {
    const model_node* node = now.find(request.path);
    const errc expected = node == nullptr ? errc::no_node : errc::ok;
    if (frame.header.error != expected) {
        violated(fmt::format(
            "{}: {} of {} at 0x{:x} answered {} instead of {} (I26)",
            name_,
            static_cast<int>(request.type),
            request.path,
            frame.header.at.value,
            conclave::name(frame.header.error),
            conclave::name(expected)
        ));
    }
    if (request.watch && (node != nullptr || request.type == opcode::exists)) {
        auto& watches = request.type == opcode::get_children2 ? child_watches_ : data_watches_;
        watches.emplace(request.path, armed_watch{frame.header.at});
    }
    if (node == nullptr) {
        return;
    }
    if (frame.stat_at_end() != node->about) {
        violated(fmt::format("{}: the stat of {} is wrong (I26)", name_, request.path));
    }
    jute::reader in{frame.body};
    if (request.type == opcode::get_data) {
        std::optional<bytes> data;
        in(data);
        if (data != node->data) {
            violated(fmt::format("{}: the data of {} is wrong (I26)", name_, request.path));
        }
    } else if (request.type == opcode::get_children2) {
        std::vector<bytes> names;
        in(names);
        if (std::set<bytes>{names.begin(), names.end()} != now.children_of(request.path)) {
            violated(fmt::format("{}: the children of {} are wrong (I26)", name_, request.path));
        }
    }
}

void client::judge_write(
    const test::received_frame& frame,
    const asked_request& request,
    const replica::transaction* made
) const {
    if (made == nullptr || made->session != session_) {
        violated(fmt::format(
            "{}: the reply at 0x{:x} does not belong to a transaction of its session (I23)",
            name_,
            frame.header.at.value
        ));
    }
    const auto* failed = std::get_if<replica::failure>(&made->what);
    const errc expected = failed == nullptr ? errc::ok : failed->error;
    if (frame.header.error != expected) {
        violated(fmt::format("{}: reply and transaction differ in their outcome (I23)", name_));
    }
    const auto* changes = std::get_if<replica::tree_changes>(&made->what);
    if (changes != nullptr && request.type != opcode::multi && changes->changes.size() == 1) {
        if (const auto* created = std::get_if<tree::create_node>(&changes->changes[0])) {
            if (frame.text() != created->path || !created->path.starts_with(request.path)) {
                violated(fmt::format("{}: the path of a create is wrong (I23)", name_));
            }
        }
    }
    if (request.type == opcode::multi && is_multi_failure(*made)) {
        jute::reader in{frame.body};
        for (const errc code : failed->operations) {
            multi_header header;
            std::int32_t repeated = 0;
            in(header, repeated);
            if (header.error != static_cast<std::int32_t>(code) || repeated != header.error) {
                violated(fmt::format("{}: a failed multi tells wrong codes (I23)", name_));
            }
        }
    }
}

} // namespace conclave::simulation
