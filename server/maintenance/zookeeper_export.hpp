/// A state of ours as a snapshot file of ZooKeeper's.
#pragma once

#include "server/tree/tables.hpp"

#include <conclave/result.hpp>
#include <conclave/types.hpp>

#include <memory>
#include <string>

namespace conclave::maintenance {

/// Makes the file part by part. Memory: the distinct ACLs, what a tree keeps in memory anyway
/// (ephemerals, containers, quotas), and one part.
///
/// Every node comes with its whole stat, and every session; passwords of sessions are not part of
/// such a file.
class zookeeper_export {
public:
    /// `tables` must not change, and outlive this. Reads nothing yet.
    explicit zookeeper_export(tree::table_reader& tables);

    zookeeper_export(const zookeeper_export&) = delete;
    zookeeper_export& operator=(const zookeeper_export&) = delete;
    ~zookeeper_export();

    /// Appends the next part, about a mebibyte. @return  false at the end
    [[nodiscard]] result<bool, std::string> next(bytes& out);

private:
    class writing;

    tree::table_reader& tables_;
    std::unique_ptr<writing> writing_; ///< once it has begun
    bool is_complete_ = false;
};

} // namespace conclave::maintenance
