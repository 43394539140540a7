/// The TLS part of Asio, compiled once (BOOST_ASIO_SEPARATE_COMPILATION). It stands apart, so that
/// the server, which does without, need not link it.
#include <boost/asio/ssl/impl/src.hpp>
