/// The dynamic configuration file, kept in step with the membership in force.
#pragma once

#include "server/configuration/configuration.hpp"
#include "server/configuration/dynamic_file.hpp"

#include <future>

#include "conclave/types.hpp"

namespace conclave {

/// Writes each membership into a file of its own, whose name ends in its version, and makes the
/// line `dynamicConfigFile` of the static file name it (zookeeper-protocol 12.4). The log remains
/// the truth: what cannot be written is logged and costs nothing else.
///
/// Core thread; files are written on another one, one after the other.
class membership_file {
public:
    /// Without a dynamic file there is nothing to keep.
    explicit membership_file(const configuration::settings& configured);

    /// `text` as in /zookeeper/config.
    void keep(const bytes& text);

private:
    configuration::configuration_files files_;
    std::future<void> writing_;
};

} // namespace conclave
