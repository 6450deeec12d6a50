/*
 * Fuzz target of banfile: any bytes as a list to import. Whatever they are:
 * - it ends, with entries or an error;
 * - every entry is a network without host bits, none is loopback, its time is not negative, its reason is printable.
 */
#include "import/banfile.h"

#include <stdlib.h>
#include <string.h>

#include "seeds.h"

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	static const char *const seeds[] = {
		"192.0.2.7 # x\n198.51.100.0/24\n",
		"add bad 192.0.2.7 timeout 599\n",
		"elements = { 192.0.2.7 timeout 1h expires 59m30s100ms }",
		"\xef\xbb\xbf"
		"address,until,reason\r\n192.0.2.7,2026-11-30T00:00:00Z,\"see \"\"x\"\", y\"\r\n",
		"id;ip;action;expiration;simulated\n1;Range:198.51.100.0/24;ban;1h;false\n",
		"$NS 3600 x\n:127.0.0.2:x\n198.51.100.0/24 :2:see #4\n127.0.0.2/32 :2:test\n",
		"@ SOA a. b. 1 2 3 4 5\n66.100.51.198 60 IN A 127.0.0.2\n TXT \"x\"\n",
		"{\"address\":\"2001:db8::/64\",\"until\":\"2026-11-30T00:00:00.5Z\",\"reason\":\"x\"}\n",
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
	(void)banfile_parse((struct span){copy, size}, 1795996484, &list, &why);
	free(copy);
	for (size_t i = 0; i < list.n; i++) {
		const struct banlist_entry *const e = &list.list[i];
		const struct net same = net_around(&e->net.addr, e->net.len);

		check(net_order(&same, &e->net) == 0);
		check(e->net.len < 104 || !addr_is_ip4(&e->net.addr) || e->net.addr.bytes[12] != 127);
		check(e->left_s >= 0);
		for (const char *p = e->reason; *p != '\0'; p++)
			check((unsigned char)*p >= ' ' && *p != 0x7F);
	}
	banlist_done(&list);
	return 0;
}
