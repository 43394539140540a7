/// How the benchmark gives up.
#pragma once

#include <stdexcept>

namespace conclave::bench {

/// Ends the run: a benchmark that met an error has nothing to report. Caught once, in `main`.
class failure : public std::runtime_error {
public:
    using std::runtime_error::runtime_error;
};

/// The server refused or closed the connection, or did not answer in time.
class connection_failure : public failure {
public:
    using failure::failure;
};

} // namespace conclave::bench
