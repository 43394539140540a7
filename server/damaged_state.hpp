/// What is thrown when the state on disk cannot be used, although nobody did anything wrong.
#pragma once

#include <stdexcept>

namespace conclave {

/// The log or the checkpoint is damaged or incomplete, as a sentence for the operator. A server
/// alone must not start on it; one of several fetches its state from the others.
class damaged_state : public std::runtime_error {
public:
    using std::runtime_error::runtime_error;
};

} // namespace conclave
