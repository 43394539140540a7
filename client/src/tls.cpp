#include "conclave/client/tls.hpp"

#include <boost/system/error_code.hpp>
#include <fmt/format.h>

#include <stdexcept>

namespace conclave::client {

namespace {

namespace ssl = boost::asio::ssl;

void check(const boost::system::error_code& failed, const std::string& file) {
    if (failed) {
        throw std::runtime_error{fmt::format("cannot use {} for TLS: {}", file, failed.message())};
    }
}

} // namespace

std::shared_ptr<ssl::context> make_tls_context(const tls_files& files) {
    auto made = std::make_shared<ssl::context>(ssl::context::tls_client);
    boost::system::error_code failed;
    made->set_options(
        ssl::context::default_workarounds | ssl::context::no_tlsv1 | ssl::context::no_tlsv1_1
    );
    made->set_verify_mode(ssl::verify_peer);
    if (files.trusted.empty()) {
        made->set_default_verify_paths(failed);
        check(failed, "the certificates of the system");
    } else {
        made->load_verify_file(files.trusted, failed);
        check(failed, files.trusted);
    }
    if (!files.private_key_password.empty()) {
        made->set_password_callback([password = files.private_key_password](
                                        std::size_t, ssl::context::password_purpose
                                    ) { return password; });
    }
    if (!files.certificate.empty()) {
        made->use_certificate_chain_file(files.certificate, failed);
        check(failed, files.certificate);
    }
    if (!files.private_key.empty()) {
        made->use_private_key_file(files.private_key, ssl::context::pem, failed);
        check(failed, files.private_key);
    }
    return made;
}

} // namespace conclave::client
