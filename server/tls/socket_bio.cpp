#include "server/tls/socket_bio.hpp"

#include <cerrno>
#include <cstdint>
#include <sys/socket.h>

namespace conclave::tls {

namespace {

int descriptor_of(BIO* bio) {
    return static_cast<int>(reinterpret_cast<std::intptr_t>(BIO_get_data(bio)));
}

bool is_to_be_repeated(ssize_t returned) {
    return returned < 0 && (errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR);
}

int write(BIO* bio, const char* from, int size) {
    BIO_clear_retry_flags(bio);
    const ssize_t written =
        ::send(descriptor_of(bio), from, static_cast<std::size_t>(size), MSG_NOSIGNAL);
    if (is_to_be_repeated(written)) {
        BIO_set_retry_write(bio);
    }
    return static_cast<int>(written);
}

int read(BIO* bio, char* into, int size) {
    BIO_clear_retry_flags(bio);
    const ssize_t received = ::recv(descriptor_of(bio), into, static_cast<std::size_t>(size), 0);
    if (is_to_be_repeated(received)) {
        BIO_set_retry_read(bio);
    } else if (received == 0) {
        BIO_set_flags(bio, BIO_FLAGS_IN_EOF);
    }
    return static_cast<int>(received);
}

long control(BIO* bio, int command, long, void*) {
    switch (command) {
    case BIO_CTRL_EOF:
        return BIO_test_flags(bio, BIO_FLAGS_IN_EOF) != 0 ? 1 : 0;
    case BIO_CTRL_FLUSH:
        return 1;
    default:
        return 0;
    }
}

/// Made once and kept.
const BIO_METHOD* socket_method() {
    static const BIO_METHOD* const only = [] {
        BIO_METHOD* const made =
            BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "socket without signals");
        if (made != nullptr) {
            BIO_meth_set_write(made, &write);
            BIO_meth_set_read(made, &read);
            BIO_meth_set_ctrl(made, &control);
        }
        return made;
    }();
    return only;
}

} // namespace

bio_pointer make_socket_bio(int descriptor) {
    bio_pointer made{BIO_new(socket_method())};
    if (made != nullptr) {
        BIO_set_data(made.get(), reinterpret_cast<void*>(std::intptr_t{descriptor}));
        BIO_set_init(made.get(), 1);
    }
    return made;
}

} // namespace conclave::tls
