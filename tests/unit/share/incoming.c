/* incoming: verified entries of other hosts' streams become the daemon's line; all others are forwarded as wrong. */
#include "testlib.h"

#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "control/foreign.h"
#include "share/incoming.h"
#include "share/sign.h"

static char file[] = "/tmp/wfs-incoming-XXXXXX";
static struct sign_key key;
static struct peers_peer peer = {.name = "mx2"};
static char text[MESSAGE_MAX];

static int make_key(void **state)
{
	struct why why;
	const int fd = mkstemp(file);

	(void)state;
	if (fd < 0 || close(fd) < 0 || unlink(file) < 0 || sign_create(file, "no-such-group", &why) < 0 ||
	    sign_load(file, &key, &why) < 0)
		return -1;
	memcpy(peer.key, key.public, sizeof peer.key);
	return unlink(file);
}

static struct stream_entry entry_of(struct message m)
{
	char bytes[MESSAGE_MAX], signature[MESSAGE_SIGNATURE_MAX];
	struct stream_entry entry = {.id = "1795888802123-7", .host = {"mx2", 3}};

	sign_make(&key, (struct span){bytes, message_canonical(&m, bytes)}, signature);
	entry.message = (struct span){text, message_print(&m, signature, text)};
	return entry;
}

static struct message example(enum message_op op)
{
	return (struct message){.host = "mx2",
	                        .era = 5,
	                        .number = 48213,
	                        .at_s = 1000,
	                        .until_s = op == MESSAGE_LIFT ? 0 : 4600,
	                        .op = op,
	                        .net = net_from("192.0.2.7"),
	                        .known = {.n = 2, .numbers = {1, 0xAB}},
	                        .offence = op == MESSAGE_BLOCK ? 2 : 0,
	                        .rule = {op == MESSAGE_BLOCK ? 'a' : '\0'},
	                        .category = {op == MESSAGE_BLOCK ? 'b' : '\0'}};
}

static void expect(const struct stream_entry *entry, int64_t clock_ms, const char *want)
{
	char line[INCOMING_LINE_MAX] = "";
	struct foreign f;
	struct why why;
	const bool any = incoming_line(entry, &peer, clock_ms, line);

	if (any != (want != NULL) || (any && strcmp(line, want) != 0))
		fail_msg("got %d \"%s\", want \"%s\"", any, line, want == NULL ? "" : want);
	if (any &&
	    foreign_parse((struct span){line + strlen("foreign"), strlen(line) - strlen("foreign")}, &f, &why) < 0)
		fail_msg("the daemon refuses %s: %s", line, why.text);
}

static void test_good(void **state)
{
	struct stream_entry e;

	(void)state;
	e = entry_of(example(MESSAGE_BLOCK));
	expect(&e, 1795888803000,
	       "foreign mx2 1795888802123-7 1795888803000 5:48213 block 192.0.2.7 for 3600 offence 2 rule a category b");
	expect(&e, 1795888802123 + 3600000, NULL);
	expect(&e, 1795888802000,
	       "foreign mx2 1795888802123-7 1795888802000 5:48213 block 192.0.2.7 for 3600 offence 2 rule a category b");
	e = entry_of(example(MESSAGE_LIFT));
	expect(&e, 1795888802123 + 3600000, "foreign mx2 1795888802123-7 1795892402123 5:48213 lift 192.0.2.7");
	e = entry_of(example(MESSAGE_WHITE));
	expect(&e, 1795888803000, "foreign mx2 1795888802123-7 1795888803000 5:48213 white 192.0.2.7 for 3600");
	e = entry_of(example(MESSAGE_OWN));
	expect(&e, 1795888803000, "foreign mx2 1795888802123-7 1795888803000 5:48213 own 192.0.2.7 for 3600");
	e = entry_of(example(MESSAGE_GOOD));
	expect(&e, 1795888803000,
	       "foreign mx2 1795888802123-7 1795888803000 5:48213 good for 3600 known 00000001000000ab");
}

#define WRONG "foreign mx2 1795888802123-7 1795888803000 wrong its stream has "

static void test_wrong(void **state)
{
	struct message m = example(MESSAGE_BLOCK);
	struct stream_entry e = entry_of(m);
	char *const until = strstr(text, "4600");

	(void)state;
	assert_non_null(until);
	until[0] = '9'; /* what was signed is something else */
	expect(&e, 1795888803000, WRONG "a signature that is not by its key");
	m.until_s = 10;
	e = entry_of(m); /* it ends before it begins */
	expect(&e, 1795888803000, NULL);
	(void)snprintf(m.host, sizeof m.host, "mx3");
	e = entry_of(m);
	expect(&e, 1795888803000, WRONG "a message of another host, mx3");
	e.message = (struct span){"\x1b[2J\n\xff", 6};
	expect(&e, 1795888803000, WRONG "it is no JSON object");
	e.message = (struct span){NULL, 0};
	expect(&e, 1795888803000, WRONG "an entry without a message");
}

static void test_order(void **state)
{
	(void)state;
	assert_true(incoming_is_before("1-9", "2-0"));
	assert_true(incoming_is_before("2-1", "2-10"));
	assert_true(incoming_is_before("999-0", "1000-0"));
	assert_false(incoming_is_before("2-0", "2-0"));
	assert_false(incoming_is_before("2-1", "2-0"));
	assert_true(incoming_is_before("0-0", "1-0"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_good), cmocka_unit_test(test_wrong),
	                                   cmocka_unit_test(test_order)};

	return cmocka_run_group_tests(tests, make_key, NULL);
}
