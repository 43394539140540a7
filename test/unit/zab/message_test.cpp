#include "test/unit/zab/history_maker.hpp"

#include <catch2/catch.hpp>

#include <random>

using namespace conclave;
using namespace conclave::test;
using namespace conclave::zab;

namespace {

follower_state some_state() {
    return {
        {1, 2},
        3,
        epoch{4},
        {at(4, 5), {6, 7}},
        {{at(3, 9), {8, 9}}, {at(4, 5), {6, 7}}},
        at(4, 4),
        at(4, 3)};
}

/// One of each type, no field at its default.
std::vector<message> one_of_each() {
    history_maker maker;
    const promise asked{epoch{5}, server_id{2}, 77};
    status_message status;
    status.in = role::following;
    status.storage = {1, 2};
    status.promised = epoch{3};
    status.last = {at(3, 9), {4, 5}};
    status.epoch_led = epoch{3};
    status.leader = server_id{6};
    status.leader_silence_ms = 70;
    status.members_version = at(1, 2);
    status.priority = 8;
    status.is_impaired = true;
    status.wants_answer = true;
    append_message append{
        epoch{1},
        attachment{2},
        {at(1, 0), {3, 4}},
        maker.epoch_of(1, 3),
        at(1, 2),
        zab::round{9},
        true};
    snapshot_message piece{epoch{5}, attachment{2}, empty_base(voters(3)), 17, "a piece", true};
    piece.of.at = {at(4, 9), {1, 1}};
    piece.of.epochs = {piece.of.at};
    return {
        status,
        campaign_message{asked, {at(4, 4), {1, 2}}, at(1, 0), {3, 4}, true},
        promise_message{asked, denial::fresher, attachment{6}, some_state()},
        hint_message{},
        follow_message{attachment{7}, some_state()},
        welcome_message{asked, attachment{8}, at(4, 2), true},
        append,
        acknowledge_message{epoch{5}, attachment{8}, at(5, 1), at(5, 0), zab::round{3}},
        reject_message{epoch{9}},
        transfer_message{epoch{5}},
        barrier_message{epoch{5}, 12},
        barrier_answer{epoch{5}, 12, at(5, 3)},
        piece,
        snapshot_answer{epoch{5}, attachment{8}, 24},
    };
}

bytes frame_of(const message& from) {
    bytes frame;
    encode(from, frame);
    return frame;
}

} // namespace

TEST_CASE("message: a round trip keeps everything", "[zab][message]") {
    const std::vector<message> all = one_of_each();
    REQUIRE(all.size() == std::variant_size_v<message>);
    for (std::size_t type = 0; type < all.size(); ++type) {
        CAPTURE(type);
        REQUIRE(all[type].index() == type);
        const std::optional<message> decoded = decode_message(frame_of(all[type]));
        REQUIRE(decoded.has_value());
        CHECK(*decoded == all[type]);
    }
}

TEST_CASE("message: encoding appends to what is there", "[zab][message]") {
    bytes buffer = "before";
    encode(hint_message{}, buffer);
    CHECK(buffer == "before" + frame_of(hint_message{}));
}

TEST_CASE("message: a part of one is refused, and so is more than one", "[zab][message]") {
    for (const message& each : one_of_each()) {
        CAPTURE(each.index());
        const bytes frame = frame_of(each);
        for (std::size_t size = 0; size < frame.size(); ++size) {
            CHECK_FALSE(decode_message(bytes_view{frame}.substr(0, size)).has_value());
        }
        CHECK_FALSE(decode_message(frame + '\0').has_value());
    }
}

TEST_CASE("message: an unknown type is refused", "[zab][message]") {
    bytes frame = frame_of(reject_message{epoch{9}});
    for (int type = std::variant_size_v<message>; type < 256; ++type) {
        frame[0] = static_cast<char>(type);
        CHECK_FALSE(decode_message(frame).has_value());
    }
}

TEST_CASE("message: a count that lies is refused without memory for it", "[zab][message]") {
    append_message append{epoch{1}, attachment{2}, {}, {}, {}, {}, false};
    bytes frame = frame_of(append);
    REQUIRE(frame.substr(frame.size() - 4) == bytes(4, '\0')); // the number of entries
    frame.replace(frame.size() - 4, 4, "\x7f\xff\xff\xff");
    CHECK_FALSE(decode_message(frame).has_value());
}

TEST_CASE("message: what is decoded is never larger than the frame", "[zab][message]") {
    std::mt19937 random{3};
    for (const message& each : one_of_each()) {
        CAPTURE(each.index());
        const bytes original = frame_of(each);
        for (int flips = 0; flips < 2000; ++flips) {
            bytes frame = original;
            for (auto count = 1 + random() % 3; count > 0; --count) {
                frame[random() % frame.size()] ^= static_cast<char>(1U << (random() % 8));
            }
            if (const auto decoded = decode_message(frame); decoded) {
                // Flags that were neither 0 nor 1 read as 1, so the octets may differ; their
                // number may not.
                CHECK(frame_of(*decoded).size() == frame.size());
            }
        }
    }
}
