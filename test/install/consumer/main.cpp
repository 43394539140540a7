/// Uses enough of the library to need all of its parts: there is no server, and that is told.
#include <conclave/client.hpp>
#include <conclave/client/blocking_session.hpp>
#include <conclave/client/tls.hpp>

#include <iostream>

int main() {
    conclave::client::settings chosen;
    chosen.servers = "127.0.0.1:1";
    chosen.connect_timeout = std::chrono::milliseconds{200};
    chosen.tls = conclave::client::make_tls_context({});
    try {
        const conclave::client::blocking_session session{chosen};
    } catch (const boost::system::system_error& failed) {
        std::cout << failed.code().message() << '\n';
        return 0;
    }
    return 1;
}
