#include "test/simulation/ensemble/describe.hpp"

#include "server/replica/peer_message.hpp"

#include <fmt/format.h>

namespace conclave::ensemble {

namespace {

struct teller {
    std::string operator()(const zab::append_message& what) const {
        std::string text = fmt::format(
            "append #{} epoch={} behind=0x{:x} committed=0x{:x} count={}",
            what.number.value,
            what.in.value,
            what.previous.at.value,
            what.committed.value,
            what.entries.size()
        );
        for (const zab::shared_entry& each : what.entries) {
            text += fmt::format(" {}:{}", each->from.server.value, each->from.sequence);
        }
        return text;
    }

    std::string operator()(const zab::acknowledge_message& what) const {
        return fmt::format("ack #{} durable=0x{:x}", what.number.value, what.durable.value);
    }

    std::string operator()(const zab::campaign_message& what) const {
        return fmt::format("campaign {} last=0x{:x}", what.asked.to.value, what.last.at.value);
    }

    std::string operator()(const zab::promise_message& what) const {
        return fmt::format(
            "promise {} reason={}", what.asked.to.value, static_cast<int>(what.reason)
        );
    }

    std::string operator()(const zab::follow_message& what) const {
        return fmt::format("follow #{} last=0x{:x}", what.number.value, what.state.last.at.value);
    }

    std::string operator()(const zab::welcome_message& what) const {
        return fmt::format(
            "welcome #{} epoch={} common=0x{:x}",
            what.number.value,
            what.leader.to.value,
            what.common.value
        );
    }

    std::string operator()(const zab::status_message& what) const {
        return fmt::format(
            "status role={} leader={} promised={} last=0x{:x}{}",
            static_cast<int>(what.in),
            what.leader.value,
            what.promised.value,
            what.last.at.value,
            what.is_impaired ? " impaired" : ""
        );
    }

    std::string operator()(const zab::hint_message&) const { return "hint"; }

    template <class Other>
    std::string operator()(const Other&) const {
        return "a message of the replication core";
    }

    std::string operator()(const zab::message& what) const { return std::visit(*this, what); }

    std::string operator()(const replica::forward_message& what) const {
        std::string text = fmt::format("forward epoch={} behind={}", what.in.value, what.behind);
        for (const replica::forwarded_request& each : what.requests) {
            text += fmt::format(
                " {}:type {} of 0x{:x}",
                each.sequence,
                static_cast<int>(each.type),
                each.session.value
            );
        }
        return text;
    }

    std::string operator()(const replica::touch_message& what) const {
        return fmt::format("touch {} sessions", what.sessions.size());
    }

    std::string operator()(const replica::revalidate_message& what) const {
        return fmt::format("revalidate 0x{:x}", what.session.value);
    }

    std::string operator()(const replica::revalidate_answer& what) const {
        return fmt::format("0x{:x} is {}", what.session.value, what.is_valid ? "valid" : "over");
    }
};

} // namespace

std::string describe_frame(bytes_view frame) {
    const std::optional<replica::peer_message> message = replica::decode_peer_message(frame);
    return message ? std::visit(teller{}, *message) : "something unreadable";
}

std::string describe_answers(bytes_view frames) {
    std::size_t count = 0;
    reply_header last;
    while (!frames.empty()) {
        std::int32_t length = 0;
        jute::reader{frames}(length);
        jute::reader{frames.substr(sizeof length)}(last);
        frames.remove_prefix(sizeof length + static_cast<std::size_t>(length));
        ++count;
    }
    return fmt::format(
        "{} frames, the last {} at 0x{:x} error {}",
        count,
        last.id.value,
        last.at.value,
        static_cast<int>(last.error)
    );
}

} // namespace conclave::ensemble
