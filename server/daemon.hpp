/// The running server: disk, replica and network, joined; started in order and stopped in reverse.
#pragma once

#include "server/configuration/configuration.hpp"

#include <memory>
#include <string>

namespace conclave {

class daemon {
public:
    /// Opens the disk, recovers the state, opens the listening sockets. `configured` must outlive
    /// this.
    /// @throws std::exception with a sentence for the operator
    explicit daemon(const configuration::settings& configured);
    ~daemon();
    daemon(const daemon&) = delete;
    daemon& operator=(const daemon&) = delete;

    /// Serves until SIGTERM or SIGINT, then stops cleanly: no new connections, everything
    /// acknowledged is durable, a checkpoint spares the next start the replay. In between it may
    /// start anew by itself: on a snapshot that another server has sent, or with nothing, to get
    /// one.
    void run();

private:
    class parts;

    void open();
    void set_aside(const std::string& reason);

    const configuration::settings& configured_;
    std::unique_ptr<parts> parts_;
};

} // namespace conclave
