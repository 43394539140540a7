/// Copies a node without an event loop, in one transaction. blocking SERVERS FROM TO
#include <conclave/client/blocking_session.hpp>

#include <cstdlib>
#include <iostream>

namespace zk = conclave::client;

int main(int argc, char** argv) {
    if (argc != 4) {
        std::cerr << "usage: blocking SERVERS FROM TO\n";
        return EXIT_FAILURE;
    }
    const std::string from = argv[2];
    const std::string to = argv[3];
    try {
        zk::settings chosen;
        chosen.servers = argv[1];
        zk::blocking_session session{chosen};
        const zk::node_data source = session.get(from);
        zk::transaction copy;
        copy.check(from, source.stat.version).create(to, source.data);
        session.commit(copy);
        std::cout << "copied " << source.data.size() << " bytes from " << from << " to " << to
                  << '\n';
    } catch (const std::exception& error) {
        std::cerr << "blocking: " << error.what() << '\n';
        return EXIT_FAILURE;
    }
    return EXIT_SUCCESS;
}
