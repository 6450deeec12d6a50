/*
 * documentation: watchforspammers.conf(5) is correct about every key, and watchforspammers-rules(5) about every
 * number.
 *
 * For each key of config_keys(), the manual's source has a line "*key* = _default_" under its section's heading
 * (without "_..._" if the default is empty), and no such line for anything else. The table of numbers has the default
 * of each key it names, and the constants of the headers. WFS_SOURCE_ROOT: the checkout.
 */
#undef NDEBUG
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "build.h"
#include "config/config.h"
#include "pipeline/decide.h"
#include "pipeline/scan.h"
#include "rules/duplicates.h"
#include "rules/rules.h"
#include "rules/sessions.h"
#include "verdict/scores.h"
#include "verdict/verdict.h"

enum {
	DOCUMENTED_MAX = 256,
	WORD_MAX = 256,
};

struct documented {
	char section[WORD_MAX], key[WORD_MAX], value[WORD_MAX];
	unsigned line;
};

static struct documented documented[DOCUMENTED_MAX];
static size_t n_documented;

/* Where the manual stands is what a package is built with; a build elsewhere has its own directory in its
 * place. */
#define MANUAL_PATTERN_DIR "/usr/share/watchforspammers/patterns"

static void manual_value(const char *value, char out[static WORD_MAX])
{
	const size_t len = strlen(WFS_PATTERN_DIR);

	if (strncmp(value, WFS_PATTERN_DIR, len) == 0)
		(void)snprintf(out, WORD_MAX, "%s%s", MANUAL_PATTERN_DIR, value + len);
	else
		(void)snprintf(out, WORD_MAX, "%s", value);
}

/* Takes text, len bytes, as a word; what is too long is not the manual's, and is cut. */
static void set_word(char out[static WORD_MAX], const char *text, size_t len)
{
	if (len > WORD_MAX - 1)
		len = WORD_MAX - 1;
	memcpy(out, text, len);
	out[len] = '\0';
}

/* "*key* = _default_" or "*key* =": true, and the two words without their marks. */
static bool is_definition(const char *text, char key[static WORD_MAX], char value[static WORD_MAX])
{
	const char *const star = text[0] == '*' ? strchr(text + 1, '*') : NULL;
	const char *from;
	size_t len;

	if (star == NULL || strncmp(star, "* =", 3) != 0)
		return false;
	set_word(key, text + 1, (size_t)(star - text - 1));
	from = star + 3 + strspn(star + 3, " ");
	len = strcspn(from, "\n");
	if (len >= 2 && from[0] == '_' && from[len - 1] == '_') {
		from++;
		len -= 2;
	}
	set_word(value, from, len);
	return true;
}

static int read_manual(void **state)
{
	const char *const root = getenv("WFS_SOURCE_ROOT");
	char path[4096], text[4096], section[WORD_MAX] = "";
	unsigned line = 0;
	FILE *file;

	(void)state;
	if (root == NULL) {
		print_error("WFS_SOURCE_ROOT is not set\n");
		return -1;
	}
	(void)snprintf(path, sizeof path, "%s/man/watchforspammers.conf.5.scd", root);
	file = fopen(path, "re");
	if (file == NULL) {
		print_error("cannot open %s\n", path);
		return -1;
	}
	while (fgets(text, sizeof text, file) != NULL) {
		char *const open = strchr(text, '['), *const close = strchr(text, ']');

		line++;
		if (text[0] == '#') { /* any heading ends the section before it */
			section[0] = '\0';
			if (strncmp(text, "## [", 4) == 0 && close != NULL)
				set_word(section, open + 1,
				         strncmp(open, "[gate ", 6) == 0 ? 4 : (size_t)(close - open - 1));
			continue;
		}
		if (n_documented == DOCUMENTED_MAX) {
			print_error("more than %d keys in %s\n", DOCUMENTED_MAX, path);
			(void)fclose(file);
			return -1;
		}
		struct documented *const d = &documented[n_documented];
		if (section[0] != '\0' && is_definition(text, d->key, d->value)) {
			(void)snprintf(d->section, sizeof d->section, "%s", section);
			d->line = line;
			n_documented++;
		}
	}
	(void)fclose(file);
	return 0;
}

static const struct documented *find(const char *section, const char *key)
{
	for (size_t i = 0; i < n_documented; i++)
		if (strcmp(documented[i].section, section) == 0 && strcmp(documented[i].key, key) == 0)
			return &documented[i];
	return NULL;
}

static void every_key_is_documented_with_its_default(void **state)
{
	const struct config_key *keys;
	const size_t n = config_keys(&keys);
	unsigned errors = 0;

	(void)state;
	assert_true(n > 0);
	for (size_t i = 0; i < n; i++) {
		const struct config_key *const k = &keys[i];
		char want[WORD_MAX];
		const struct documented *d;

		manual_value(k->value, want);
		d = find(k->section, k->key);
		if (d == NULL) {
			print_error("[%s] %s: not in watchforspammers.conf.5.scd; want \"*%s* = _%s_\"\n", k->section,
			            k->key, k->key, want);
			errors++;
			continue;
		}
		if (strcmp(d->value, want) != 0) {
			print_error("watchforspammers.conf.5.scd:%u: [%s] %s: got \"%s\", want \"%s\"\n", d->line,
			            k->section, k->key, d->value, want);
			errors++;
		}
	}
	assert_int_equal(errors, 0);
}

static void no_key_is_documented_that_does_not_exist(void **state)
{
	const struct config_key *keys;
	const size_t n = config_keys(&keys);
	unsigned errors = 0;

	(void)state;
	for (size_t i = 0; i < n_documented; i++) {
		const struct documented *const d = &documented[i];
		bool exists = false;

		for (size_t k = 0; k < n; k++)
			exists = exists ||
			         (strcmp(keys[k].section, d->section) == 0 && strcmp(keys[k].key, d->key) == 0);
		if (!exists) {
			print_error("watchforspammers.conf.5.scd:%u: [%s] %s: no such key\n", d->line, d->section,
			            d->key);
			errors++;
		} else if (find(d->section, d->key) != d) {
			print_error("watchforspammers.conf.5.scd:%u: [%s] %s: documented twice\n", d->line, d->section,
			            d->key);
			errors++;
		}
	}
	assert_int_equal(errors, 0);
}

/* The numbers that no key sets, as the table has them. */
static const struct {
	const char *what, *unit;
	int number;
} fixed[] = {
	{"addresses that must have them", "", VERDICT_NETWORK_MIN},
	{"the same account once more counts nothing for", " minutes", SCORES_REPEAT_S / 60},
	{"but so often at most", "", SCORES_REPEATS_MAX},
	{"attempts that one line can count", "", RULES_COUNT_MAX},
	{"points of more connections than allowed", "", DECIDE_FLOOD},
	{"reports of one event in several logs belong together for", " minutes", DUPLICATES_AGE_S / 60},
	{"a session is remembered for", " hour", SESSIONS_AGE_S / 3600},
	{"stamps that differ more are of another zone", " seconds", SCAN_OFF_S},
};

/* The text of a table's cell, behind its mark. */
static void read_cell(FILE *file, char out[static WORD_MAX])
{
	char text[4096];
	const size_t len = fgets(text, sizeof text, file) == NULL ? 0 : strcspn(text, "\n");

	set_word(out, text + (len < 3 ? len : 3), len < 3 ? 0 : len - 3);
}

/* "[block] *threshold*": the key's default must be the one given. Returns how many are not. */
static unsigned check_set_by(const char *what, const char *value, const char *by)
{
	const struct config_key *keys;
	const size_t n = config_keys(&keys);
	char set_by[WORD_MAX];

	if (*by != '[' || strstr(by, "each its own") != NULL)
		return 0;
	for (size_t i = 0; i < n; i++) {
		(void)snprintf(set_by, sizeof set_by, "[%s] *%s*", keys[i].section, keys[i].key);
		if (strcmp(set_by, by) == 0 && strcmp(keys[i].value, value) == 0)
			return 0;
	}
	print_error("\"%s\": %s is not the default of %s\n", what, value, by);
	return 1;
}

static void every_number_is_right(void **state)
{
	char path[4096], text[4096], what[WORD_MAX], value[WORD_MAX], by[WORD_MAX], want[WORD_MAX];
	unsigned errors = 0, rows = 0, found = 0;
	bool inside = false;
	FILE *file;

	(void)state;
	(void)snprintf(path, sizeof path, "%s/man/watchforspammers-rules.5.scd", getenv("WFS_SOURCE_ROOT"));
	file = fopen(path, "re");
	assert_non_null(file);
	while (fgets(text, sizeof text, file) != NULL) {
		if (text[0] == '#')
			inside = strcmp(text, "# ALL NUMBERS\n") == 0;
		if (!inside || text[0] != '|')
			continue;
		set_word(what, text + 3, strcspn(text + 3, "\n"));
		read_cell(file, value);
		read_cell(file, by);
		rows++;
		errors += check_set_by(what, value, by);
		for (size_t i = 0; i < sizeof fixed / sizeof *fixed; i++) {
			if (strcmp(fixed[i].what, what) != 0)
				continue;
			(void)snprintf(want, sizeof want, "%d%s", fixed[i].number, fixed[i].unit);
			found++;
			errors += strcmp(value, want) != 0;
		}
	}
	(void)fclose(file);
	assert_in_range(rows, 20, 100);
	assert_int_equal(found, sizeof fixed / sizeof *fixed);
	assert_int_equal(errors, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_number_is_right),
		cmocka_unit_test(every_key_is_documented_with_its_default),
		cmocka_unit_test(no_key_is_documented_that_does_not_exist),
	};

	return cmocka_run_group_tests(tests, read_manual, NULL);
}
