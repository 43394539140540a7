/// Who queues for something.
#pragma once

#include <conclave/types.hpp>

#include <string>

namespace conclave::recipes {

/// One that holds or waits for a lock, or stands for election.
struct contender {
    std::string node;       ///< name of its node
    std::string identifier; ///< what it calls itself; may be empty
    zxid fencing_token;     ///< that it has, or will have once it is the owner
    session_id session;
};

} // namespace conclave::recipes
