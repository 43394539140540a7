/// A replica that is a member of an ensemble, without the others.
#pragma once

#include "test/support/replica_driver.hpp"

namespace conclave::test {

constexpr zab::storage_id own_storage{1, 1};

/// Members 1 to `count`. If the others have no vote, server 1 decides alone.
inline zab::membership members(std::uint32_t count, bool others_vote) {
    zab::membership made;
    for (std::uint32_t id = 1; id <= count; ++id) {
        zab::member& added = made.members.emplace_back();
        added.id = server_id{id};
        added.storage = zab::storage_id{id, id};
        added.is_voter = id == 1 || others_vote;
    }
    return made;
}

/// Server 1 of them.
inline replica::settings settings_of(const zab::membership& ensemble) {
    replica::settings made;
    made.storage = own_storage;
    made.ensemble = ensemble;
    return made;
}

/// What is on the disk of a server that helped to found the ensemble: a history of one entry, which
/// is known to be committed.
inline replica_disk founded(const zab::membership& ensemble) {
    zab::entry first;
    first.at = zxid{epoch{1}, 0};
    first.kind = zab::entry_kind::epoch_start;
    first.body = encode(zab::epoch_start{
        true, ensemble, encode(replica::epoch_start{{'s'}, 1, server_id{2}})});
    first.chain = chain_after({}, first);
    replica_disk disk;
    disk.log.push_back(to_log_record(zab::promise{epoch{1}, server_id{2}, 1}));
    disk.log.push_back(zab::to_log_record(first));
    disk.log.push_back({zab::record_type::commit_hint, first.at, {}, nullptr});
    return disk;
}

} // namespace conclave::test
