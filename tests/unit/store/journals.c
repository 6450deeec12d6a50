/* journals: a journal is found by its name alone, and what was stored about it is read back unchanged. */
#include "store/journals.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>

#include "testlib.h"

static char directory[32], path[64];
static struct store *store;
static struct why why;

static int setup(void **state)
{
	(void)state;
	(void)strcpy(directory, "/tmp/wfs-journals-XXXXXX");
	if (mkdtemp(directory) == NULL)
		return -1;
	(void)snprintf(path, sizeof path, "%s/hits.db", directory);
	return store_open(path, STORE_WRITE, &store, &why);
}

static int teardown(void **state)
{
	(void)state;
	store_close(store);
	(void)unlink(path);
	return rmdir(directory);
}

static void good(int rc)
{
	if (rc != 0)
		fail_msg("got %d (%s), want 0", rc, why.text);
}

/* In a transaction of its own; the log of this name is made. */
static int64_t add(const char *name, const struct store_journal *journal)
{
	char first[POSITION_FIRST_MAX], text[POSITION_FIRST_MAX];
	int64_t id = 0;

	store_journal_path(name, text, sizeof text);
	good(store_begin(store, &why));
	good(store_log_add(store, text, store_journal_first(name, first), &id, &why));
	good(store_finish(store, store_journal_put(store, id, journal, &why), &why));
	return id;
}

static void expect(const char *name, int64_t id, const struct store_journal *want)
{
	struct store_journal got;
	struct store_log log;

	good(store_journal_find(store, name, &log, &got, &why));
	assert_int_equal(log.id, id);
	assert_string_equal(got.cursor, want->cursor);
	assert_string_equal(got.unit, want->unit);
	assert_int_equal(got.forged, want->forged);
	assert_int_equal(got.damaged, want->damaged);
	assert_int_equal(got.gaps, want->gaps);
	assert_int_equal(got.lost, want->lost);
	assert_int_equal(got.suppressed, want->suppressed);
}

static void what_was_put_comes_back(void **state)
{
	struct store_journal first = {.cursor = "s=1;i=2",
	                              .forged = 3,
	                              .damaged = 4,
	                              .gaps = 5,
	                              .lost = INT64_MAX,
	                              .suppressed = 6,
	                              .unit = "postfix@-.service"},
			     second = {.cursor = ""};
	int64_t id;

	(void)state;
	id = add("", &first);
	expect("", id, &first);
	memset(second.cursor, 'c', sizeof second.cursor - 1); /* the longest */
	memset(second.unit, 'u', sizeof second.unit - 1);
	good(store_begin(store, &why));
	good(store_finish(store, store_journal_put(store, id, &second, &why), &why));
	expect("", id, &second);
}

static void each_name_is_a_journal_of_its_own(void **state)
{
	const struct store_journal here = {.cursor = "here"}, there = {.cursor = "there"};
	struct store_journal got;
	struct store_log log;
	int64_t id, other;

	(void)state;
	assert_int_equal(store_journal_find(store, "", &log, &got, &why), STORE_NONE);
	id = add("", &here);
	assert_int_equal(store_journal_find(store, "namespace mail", &log, &got, &why), STORE_NONE);
	other = add("namespace mail", &there);
	expect("", id, &here);
	expect("namespace mail", other, &there);
}

/* No line of a file has a newline in it, so no file is mistaken for a journal. */
static void no_file_is_a_journal(void **state)
{
	char first[POSITION_FIRST_MAX], name[2 * POSITION_FIRST_MAX], text[64];
	struct span line = store_journal_first("namespace mail", first);

	(void)state;
	assert_int_equal(line.p[0], '\n');
	assert_non_null(memmem(line.p, line.len, "namespace mail", strlen("namespace mail")));
	memset(name, 'n', sizeof name - 1);
	name[sizeof name - 1] = '\0';
	line = store_journal_first(name, first);
	assert_in_range(line.len, 1, POSITION_FIRST_MAX - 1);
	store_journal_path("", text, sizeof text);
	assert_string_equal(text, "journal");
	store_journal_path("namespace mail", text, sizeof text);
	assert_string_equal(text, "journal of namespace mail");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(what_was_put_comes_back, setup, teardown),
		cmocka_unit_test_setup_teardown(each_name_is_a_journal_of_its_own, setup, teardown),
		cmocka_unit_test(no_file_is_a_journal),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
