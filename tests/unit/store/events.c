/* events: events, notes and backups, which are written beside the blocks and stay. */
#include "store/audit.h"
#include "store/backup.h"
#include "store/blocks.h"
#include "store/hits.h"
#include "store/query.h"
#include "store/reputation.h"
#include "store/retention.h"
#include "testlib.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

static char directory[32], path[64], copy[64];
static struct store *store;
static struct why why;
static int64_t now_s;

static int setup(void **state)
{
	(void)state;
	(void)strcpy(directory, "/tmp/wfs-events-XXXXXX");
	if (mkdtemp(directory) == NULL)
		return -1;
	(void)snprintf(path, sizeof path, "%s/hits.db", directory);
	(void)snprintf(copy, sizeof copy, "%s/copy.db", directory);
	now_s = (int64_t)time(NULL); /* the triggers ask SQLite for the time */
	return store_open(path, STORE_WRITE, &store, &why);
}

static int teardown(void **state)
{
	(void)state;
	store_close(store);
	(void)unlink(path);
	(void)unlink(copy);
	return rmdir(directory); /* nothing else was left behind */
}

static void good(int rc)
{
	if (rc != 0)
		fail_msg("got %d (%s), want 0", rc, why.text);
}

/* "block 192.0.2.1, lift 192.0.2.1 allowed": of all events after that id; ids only grow. */
static int64_t check_events(int64_t after, const char *want)
{
	char got[1024] = "";
	size_t len = 0;
	struct query_event e;
	int rc;

	query_events(store, QUERY_STREAM_EVENTS, after);
	while ((rc = query_next_event(store, &e, &why)) == 0) {
		assert_true(e.id > after);
		after = e.id;
		len += (size_t)snprintf(got + len, sizeof got - len, "%s%s%s%s%s%s", len > 0 ? ", " : "", e.what,
		                        e.address != NULL ? " " : "", e.address != NULL ? e.address : "",
		                        e.text != NULL ? " " : "", e.text != NULL ? e.text : "");
	}
	assert_int_equal(rc, STORE_NONE);
	assert_string_equal(got, want);
	return after;
}

static int64_t last_event(void)
{
	int64_t id = -1;

	good(query_last_event(store, QUERY_STREAM_EVENTS, &id, &why));
	return id;
}

static void add_block(const char *address, int64_t since_s, int64_t until_s)
{
	struct block block = {
		.net = net_from(address), .since_s = since_s, .until_s = until_s, .offence = 1, .rule = 1};

	good(store_add_blocks(store, &block, 1, &why));
}

static void test_each(void **state)
{
	const struct net one = net_from("192.0.2.1"), two = net_from("192.0.2.2");
	struct block lifted = {.net = one};
	int64_t id, last;

	(void)state;
	good(store_rule(store, "rule", "category", "reason", &id, &why));
	add_block("192.0.2.1", now_s, now_s + 600);
	add_block("192.0.2.2", now_s, now_s + 600);
	add_block("192.0.2.9", now_s - 900, now_s - 300); /* of an old log: over when it was written */
	last = check_events(0, "block 192.0.2.1, block 192.0.2.2");
	good(store_add_dropped(store, 1, &(struct store_dropped){1, now_s, now_s + 700, 1, 0}, &why));
	good(store_add_dropped(store, 1, &(struct store_dropped){1, now_s, now_s + 700, 1, 0},
	                       &why)); /* is no longer */
	good(store_prolong(store, &two, BLOCK_EVIDENCE, now_s, now_s + 900, &why));
	good(store_end(store, &lifted, now_s + 1, "allowed", &why));
	last = check_events(last, "extend 192.0.2.1, extend 192.0.2.2, lift 192.0.2.1 allowed");
	good(store_add_allowance(store, &one, now_s, now_s + 60, "by hand", "a customer", &why));
	good(store_end_allowance(store, &one, now_s + 2, &why));
	good(store_suspend(store, "rule", now_s, "why", &why));
	assert_int_equal(store_resume(store, "rule", now_s + 1, &why), 0);
	last = check_events(
		last,
		"allow 192.0.2.1 by hand: a customer, disallow 192.0.2.1 by hand, suspend rule: why, resume rule");
	good(store_state_set(store, "drift", "0", &why));
	good(store_state_set(store, "drift", "3", &why));
	good(store_state_set(store, "drift", "3", &why));
	last = check_events(last, "drift 3");
	good(store_state_set(store, "healed", "1700000000 changed by nft", &why));
	good(store_state_set(store, "healed", "1700000000 changed by nft", &why));
	good(store_state_set(store, "healed", "", &why)); /* of a daemon that repaired nothing yet */
	last = check_events(last, "heal changed by nft");
	/* One that was lifted does not expire as well. */
	good(store_note_expired(store, now_s + 899, &why));
	last = check_events(last, "");
	good(store_note_expired(store, now_s + 900, &why));
	good(store_note_expired(store, now_s + 901, &why));
	(void)check_events(last, "expire 192.0.2.2");
}

/* What was not committed did not happen; ids go on although all events were deleted. */
static void test_undone(void **state)
{
	int64_t id, last;
	size_t n;

	(void)state;
	good(store_rule(store, "rule", "category", "reason", &id, &why));
	good(store_begin(store, &why));
	add_block("192.0.2.1", now_s, now_s + 600);
	store_rollback(store);
	(void)check_events(0, "");
	assert_int_equal(last_event(), 0);
	add_block("192.0.2.2", now_s, now_s + 600);
	last = check_events(0, "block 192.0.2.2");
	good(store_purge_good(store, now_s + 1, now_s, 100, &n, &why));
	(void)check_events(0, "");
	assert_int_equal(last_event(), last);
	add_block("192.0.2.3", now_s, now_s + 600);
	assert_true(check_events(0, "block 192.0.2.3") > last);
}

static void test_notes(void **state)
{
	struct query_note note;

	(void)state;
	good(audit_add(store, now_s - 1000, "uid 0 (root)", AUDIT_NOTE, NULL, "raised threshold", &why));
	good(audit_add(store, now_s - 1000, "uid 0 (root)", "reload", NULL, "", &why));
	good(audit_purge(store, now_s, 100, &why));
	query_notes(store);
	assert_int_equal(query_next_note(store, &note, &why), 0);
	assert_string_equal(note.text, "raised threshold");
	assert_string_equal(note.who, "uid 0 (root)");
	assert_int_equal(query_next_note(store, &note, &why), STORE_NONE);
	query_notes(store);
	assert_int_equal(query_next_note(store, &note, &why), 0);
	query_stop(store);
}

static void test_backup(void **state)
{
	struct store *other = NULL;
	struct query_note note;
	struct stat st;

	(void)state;
	good(audit_add(store, now_s, "uid 0 (root)", AUDIT_NOTE, NULL, "before", &why));
	assert_int_equal(chmod(path, 0640), 0);
	good(store_backup(store, copy, false, &why));
	good(audit_add(store, now_s, "uid 0 (root)", AUDIT_NOTE, NULL, "after", &why));
	assert_int_equal(stat(copy, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0640);
	good(store_open(copy, STORE_READ, &other, &why));
	query_notes(other);
	assert_int_equal(query_next_note(other, &note, &why), 0);
	assert_string_equal(note.text, "before");
	assert_int_equal(query_next_note(other, &note, &why), STORE_NONE);
	store_close(other);
	assert_int_equal(store_backup(store, copy, false, &why), -EEXIST);
	good(store_backup(store, copy, true, &why));
	good(store_open(copy, STORE_READ, &other, &why));
	query_notes(other);
	assert_int_equal(query_next_note(other, &note, &why), 0);
	assert_int_equal(query_next_note(other, &note, &why), 0);
	assert_string_equal(note.text, "after");
	store_close(other);
	assert_int_equal(store_backup(store, "/nowhere/at/all/copy.db", false, &why), -ENOENT);
	assert_string_equal(why.text, "/nowhere/at/all/copy.db: cannot create it: No such file or directory");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_each, setup, teardown),
		cmocka_unit_test_setup_teardown(test_undone, setup, teardown),
		cmocka_unit_test_setup_teardown(test_notes, setup, teardown),
		cmocka_unit_test_setup_teardown(test_backup, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
