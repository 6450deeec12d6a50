/*
 * Fuzz target of banlist: any bytes as a list to import. Whatever they are:
 * - it ends, with entries or an error;
 * - every entry is a network without host bits, its time is not negative, its reason is printable.
 */
#include "import/banlist.h"

#include <stdlib.h>
#include <string.h>

#include "seeds.h"

int LLVMFuzzerInitialize(int *argc, char ***argv);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(bool good)
{
	if (!good)
		abort();
}

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	static const char *const seeds[] = {
		"192.0.2.7 # x\n198.51.100.0/24\n", "add bad 192.0.2.7 timeout 599\n",
		"elements = { 192.0.2.7 timeout 1h expires 59m30s100ms }",
		"[{\"decisions\": [{\"duration\": \"3h59m12.345s\", \"scenario\": \"x\", \"value\": \"192.0.2.7\"}]}]",
		("{\"elem\": [{\"prefix\": {\"addr\": \"2001:db8::\", \"len\": 32}}, {\"elem\": {\"val\": \"192.0.2.9\", \"expires\": -60}},"
	         "{\"elem\": {\"val\": {\"range\": [\"192.0.2.4\", \"192.0.2.5\"]}, \"timeout\": 61}}]}")};

	seeds_begin(*argc, *argv);
	for (size_t i = 0; i < sizeof seeds / sizeof *seeds; i++)
		seeds_add("", 0, seeds[i], strlen(seeds[i]));
	return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct banlist list = {0};
	char *const copy = malloc(size > 0 ? size : 1); /* so that the address sanitizer sees a read past it */
	struct why why;

	check(copy != NULL);
	if (size > 0)
		memcpy(copy, data, size);
	(void)banlist_parse((struct span){copy, size}, &list, &why);
	free(copy);
	for (size_t i = 0; i < list.n; i++) {
		const struct banlist_entry *const e = &list.list[i];
		const struct net same = net_around(&e->net.addr, e->net.len);

		check(net_order(&same, &e->net) == 0);
		check(e->left_s >= 0);
		for (const char *p = e->reason; *p != '\0'; p++)
			check((unsigned char)*p >= ' ' && *p != 0x7F);
	}
	banlist_done(&list);
	return 0;
}
