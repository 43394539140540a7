/// Ownership of a file descriptor.
#pragma once

#include <unistd.h>
#include <utility>

namespace conclave::bench {

/// Closes what it holds; moved, never copied.
class descriptor {
public:
    explicit descriptor(int fd) : fd_(fd) {}

    descriptor(descriptor&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}

    descriptor& operator=(descriptor&& other) noexcept {
        std::swap(fd_, other.fd_);
        return *this;
    }

    ~descriptor() {
        if (fd_ >= 0) {
            ::close(fd_);
        }
    }

    [[nodiscard]] int get() const { return fd_; }

private:
    int fd_;
};

} // namespace conclave::bench
