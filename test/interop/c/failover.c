/* A client of three servers, on ZooKeeper's C library: for each line that it reads it changes a node
 * of its session, whatever happens to connections meanwhile, and prints "ok", the session and how
 * often it was connected. Ends with 3 when the session is lost.
 *
 *     failover HOST:PORT,HOST:PORT,... PATH
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <zookeeper/zookeeper.h>

static volatile int connect_count = 0;

static void on_event(zhandle_t* handle, int type, int state, const char* path, void* context) {
    (void)handle;
    (void)path;
    (void)context;
    if (type != ZOO_SESSION_EVENT) {
        return;
    }
    if (state == ZOO_CONNECTED_STATE) {
        ++connect_count;
    } else if (state == ZOO_EXPIRED_SESSION_STATE) {
        fprintf(stderr, "the session is lost\n");
        _exit(3);
    }
}

/* Whether the request can be made again: nobody knows what became of it. */
static int is_in_doubt(int code) {
    return code == ZCONNECTIONLOSS || code == ZOPERATIONTIMEOUT;
}

int main(int count, char** arguments) {
    if (count != 3) {
        return 2;
    }
    zoo_set_debug_level(ZOO_LOG_LEVEL_ERROR);
    zhandle_t* handle = zookeeper_init(arguments[1], on_event, 40000, NULL, NULL, 0);
    if (handle == NULL) {
        return 2;
    }
    char line[100];
    while (fgets(line, sizeof line, stdin) != NULL) {
        int code;
        do {
            code = zoo_create(handle, arguments[2], "x", 1, &ZOO_OPEN_ACL_UNSAFE, ZOO_EPHEMERAL, NULL, 0);
            if (code == ZNODEEXISTS) {
                code = zoo_set(handle, arguments[2], line, (int)strlen(line), -1);
            }
        } while (is_in_doubt(code) && usleep(20000) == 0);
        if (code != ZOK) {
            fprintf(stderr, "%s\n", zerror(code));
            return 4;
        }
        printf("ok 0x%llx %d\n", (unsigned long long)zoo_client_id(handle)->client_id, connect_count);
        fflush(stdout);
    }
    zookeeper_close(handle);
    return 0;
}
