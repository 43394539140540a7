/// The dynamic configuration file, kept in step with the membership in force.
#pragma once

#include <future>
#include <string>

#include "conclave/types.hpp"

namespace conclave {

/// Writes each membership into a file of its own, whose name ends in its version, and makes the
/// line `dynamicConfigFile` of the static file name it (zookeeper-protocol 12.4). The log remains
/// the truth: what cannot be written is logged and costs nothing else.
///
/// Core thread; files are written on another one, one after the other.
class membership_file {
public:
    /// `dynamic_path` is where the members were read from; empty: there is nothing to keep.
    membership_file(std::string static_path, std::string dynamic_path);

    /// `text` as in /zookeeper/config.
    void keep(const bytes& text);

private:
    std::string static_path_;
    std::string dynamic_path_;
    std::future<void> writing_;
};

} // namespace conclave
