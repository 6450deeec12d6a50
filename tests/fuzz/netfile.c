/* Fuzz target of netfile: any bytes as a line of a file of networks. Whatever they are: it ends; a network has no host
 * bits. */
#include "pipeline/netfile.h"

#include <stdlib.h>
#include <string.h>

#include "seeds.h"

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	static const char *const seeds[] = {"192.0.2.7 # x", "198.51.100.0/24 ; SBL1",
	                                    "{\"cidr\":\"2001:db8::/32\",\"sblid\":\"x\"}", "{\"type\":\"metadata\"}"};

	seeds_begin(*argc, *argv);
	for (size_t i = 0; i < sizeof seeds / sizeof *seeds; i++)
		seeds_add("", 0, seeds[i], strlen(seeds[i]));
	return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *const copy = malloc(size > 0 ? size : 1); /* so that the address sanitizer sees a read past it */
	struct net net, same;

	check(copy != NULL);
	if (size > 0)
		memcpy(copy, data, size);
	if (netfile_parse(copy, size, &net) == NETFILE_NET) {
		same = net_around(&net.addr, net.len);
		check(net_order(&same, &net) == 0);
	}
	free(copy);
	return 0;
}
