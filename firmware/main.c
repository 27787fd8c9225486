/* The program around the networks: serves them over the port's line until it ends, which on a bare board is never. */
#include "port.h"

static rf_server server;

int main(void)
{
    rf_server_init(&server, port_open(), image_networks, image_network_count, image_arena, image_arena_bytes);
    server.source = image_source;
#if defined(RF_LOADER_BYTES)
    server.leave = port_leave;
#endif
    rf_serve(&server);
    return 0;
}
