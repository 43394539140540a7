/// Asio's own code, compiled once (BOOST_ASIO_SEPARATE_COMPILATION). That of TLS stands apart, so
/// that a program can take either of the two from another library.
#include <boost/asio/impl/src.hpp>
