/* Preloaded into a server (LD_PRELOAD): its connections to some ports of the loopback go to others,
 * where a test can hold up what it says to its peers.
 *
 * CONCLAVE_REDIRECTED_PORTS lists pairs of ports, such as "2888:40001,3888:40002".
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

static unsigned short redirected(unsigned short port) {
    const char* pairs = getenv("CONCLAVE_REDIRECTED_PORTS");
    while (pairs != NULL && *pairs != '\0') {
        char* end = NULL;
        const unsigned long from = strtoul(pairs, &end, 10);
        const unsigned long to = *end == ':' ? strtoul(end + 1, &end, 10) : 0;
        if (from == port && to != 0) {
            return (unsigned short)to;
        }
        pairs = *end == ',' ? end + 1 : NULL;
    }
    return port;
}

int connect(int descriptor, const struct sockaddr* address, socklen_t size) {
    if (address->sa_family != AF_INET || size < sizeof(struct sockaddr_in)) {
        return (int)syscall(SYS_connect, descriptor, address, size);
    }
    struct sockaddr_in where;
    memcpy(&where, address, sizeof where);
    where.sin_port = htons(redirected(ntohs(where.sin_port)));
    return (int)syscall(SYS_connect, descriptor, &where, sizeof where);
}
