/// A server may say anything. Whatever it says, and however it is cut into reads, a session ends
/// each operation exactly once, takes no memory that was not sent, and reads no octet that is not
/// there.
#include "client/protocol/operation_codec.hpp"
#include "client/protocol/session_machine.hpp"

#include <conclave/assert.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <set>

namespace {

using namespace conclave;
using namespace conclave::client;
using namespace std::chrono_literals;

template <class Result>
void decode_as(const reply_view& reply, const client::chroot& root) {
    Result to{};
    static_cast<void>(decode(reply, root, to));
}

void decode_every_way(const completion& done) {
    const client::chroot root{"/root"};
    const reply_view reply{{}, done.body};
    decode_as<created_node>(reply, root);
    decode_as<node_stat>(reply, root);
    decode_as<node_data>(reply, root);
    decode_as<node_children>(reply, root);
    decode_as<node_acl>(reply, root);
    decode_as<std::vector<transaction_result>>(reply, root);
    decode_as<std::vector<read_result>>(reply, root);
    decode_as<std::vector<identity>>(reply, root);
    decode_as<std::vector<std::string>>(reply, root);
    decode_as<std::int32_t>(reply, root);
}

class victim {
public:
    victim() : machine_(chosen(), 2, 1) { machine_.start(now_); }

    void hear(bytes_view piece) {
        machine_.on_bytes(piece, now_);
        obey();
    }

    /// One octet of the input says what the program does next.
    void act(std::uint8_t what) {
        switch (what % 8) {
        case 0:
            submit(std::nullopt);
            break;
        case 1:
            submit(watch_kind::data);
            break;
        case 2:
            submit(watch_kind::recursive);
            break;
        case 3:
            machine_.cancel(operation_id{what % 16U});
            break;
        case 4:
            machine_.forget_watch(watch_id{what % 16U});
            break;
        case 5:
            now_ += std::chrono::milliseconds{what * 10};
            machine_.on_timer(now_);
            break;
        case 6:
            machine_.authenticate(operation_id{++issued_}, {"digest", "a:b"});
            break;
        case 7:
            machine_.on_closed(make_error_code(error::server_hung_up), now_);
            break;
        }
        obey();
    }

    void finish() {
        machine_.abandon();
        obey();
        CONCLAVE_ASSERT(machine_.state() == session_state::lost);
        CONCLAVE_ASSERT(ended_.size() == issued_);
    }

private:
    static settings chosen() {
        settings made;
        made.session_timeout = 9s;
        made.is_read_only_allowed = true;
        made.reply_size_max = std::size_t{1} << 16U;
        return made;
    }

    void submit(std::optional<watch_kind> kind) {
        request issued;
        issued.type = opcode::get_data;
        issued.is_repeatable = issued_ % 2 == 0;
        ++issued_;
        if (kind) {
            issued.watch = watch_registration{watch_id{issued_}, "/a", *kind};
        }
        machine_.submit(operation_id{issued_}, std::move(issued));
    }

    void obey() {
        for (const output& each : machine_.take_outputs()) {
            if (const auto* done = std::get_if<completion>(&each)) {
                CONCLAVE_ASSERT(ended_.insert(done->id.value).second);
                decode_every_way(*done);
            } else if (std::holds_alternative<dial>(each)) {
                machine_.on_opened(now_);
            }
        }
        machine_.release_input();
        machine_.flush(now_);
        machine_.outgoing().clear();
    }

    time_point now_{1h};
    session_machine machine_;
    std::uint64_t issued_ = 0;
    std::set<std::uint64_t> ended_;
};

} // namespace

/// The input is a list of pieces: one octet for an action, one for a size, then so many octets that
/// the server says.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    victim session;
    bytes_view rest(reinterpret_cast<const char*>(data), size);
    while (rest.size() >= 2) {
        session.act(static_cast<std::uint8_t>(rest[0]));
        const std::size_t said =
            std::min<std::size_t>(static_cast<std::uint8_t>(rest[1]), rest.size() - 2);
        session.hear(rest.substr(2, said));
        rest.remove_prefix(2 + said);
    }
    session.finish();
    return 0;
}
