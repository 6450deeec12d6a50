/*
 * example_conf: examples/watchforspammers.conf has every key of config_keys() once, commented out, with its default
 * and a line above that explains it; with all of them uncommented it is a valid configuration.
 *
 * A key without a default has an example value, and the line above says "None by default." WFS_SOURCE_ROOT: the
 * checkout.
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
#include <unistd.h>

#include <cmocka.h>

#include "build.h"
#include "config/config.h"

enum {
	EXAMPLE_KEYS_MAX = 256,
	TEXT_MAX = 256,
};

struct example {
	char section[TEXT_MAX], key[TEXT_MAX], value[TEXT_MAX], above[TEXT_MAX];
	unsigned line;
};

static struct example examples[EXAMPLE_KEYS_MAX];
static size_t n_examples;
static char uncommented[] = "/tmp/example_conf.XXXXXX";

/* Where a package has its rules; a build for elsewhere has its own directory in its place. */
#define PACKAGE_PATTERN_DIR "/usr/share/watchforspammers/patterns"

static void default_of(const struct config_key *key, char out[static TEXT_MAX])
{
	const size_t len = strlen(WFS_PATTERN_DIR);

	if (strncmp(key->value, WFS_PATTERN_DIR, len) == 0)
		(void)snprintf(out, TEXT_MAX, "%s%s", PACKAGE_PATTERN_DIR, key->value + len);
	else
		(void)snprintf(out, TEXT_MAX, "%s", key->value);
}

/* "#key = value" and "#[section]" are for use; what has a blank after the "#" is for people. */
static bool is_commented_out(const char *text)
{
	return text[0] == '#' && text[1] != ' ' && text[1] != '\n';
}

static void take_line(const char *text, const char *above, unsigned line, char section[static TEXT_MAX])
{
	struct example *const e = &examples[n_examples];

	assert_true(n_examples < EXAMPLE_KEYS_MAX);
	if (sscanf(text, "#[%255[^]]]", section) == 1) {
		if (strncmp(section, "gate ", 5) == 0)
			section[4] = '\0';
		return;
	}
	if (sscanf(text, "#%255[^ =] = %255[^\n]", e->key, e->value) != 2)
		fail_msg("examples/watchforspammers.conf:%u: got \"%s\", want \"#key = value\"", line, text);
	(void)snprintf(e->section, TEXT_MAX, "%s", section);
	(void)snprintf(e->above, TEXT_MAX, "%s", above);
	e->line = line;
	n_examples++;
}

/* Fills examples, and the file uncommented. */
static int read_example(void **state)
{
	const char *const root = getenv("WFS_SOURCE_ROOT");
	char path[4096], text[TEXT_MAX], above[TEXT_MAX] = "", section[TEXT_MAX] = "";
	const int fd = mkstemp(uncommented);
	FILE *const out = fdopen(fd, "w");
	FILE *in;

	(void)state;
	(void)snprintf(path, sizeof path, "%s/examples/watchforspammers.conf", root != NULL ? root : "");
	in = fopen(path, "re");
	if (in == NULL || out == NULL) {
		print_error("cannot open %s or %s\n", path, uncommented);
		return -1;
	}
	for (unsigned line = 1; fgets(text, sizeof text, in) != NULL; line++) {
		const bool is_for_use = is_commented_out(text);

		if (is_for_use)
			take_line(text, above, line, section);
		(void)fputs(text + (is_for_use ? 1 : 0), out);
		(void)snprintf(above, sizeof above, "%s", text);
	}
	(void)fclose(in);
	return fclose(out);
}

static int remove_copy(void **state)
{
	(void)state;
	return unlink(uncommented);
}

/* The only one, or NULL. */
static const struct example *find(const struct config_key *key)
{
	const struct example *found = NULL;

	for (size_t i = 0; i < n_examples; i++) {
		if (strcmp(examples[i].section, key->section) != 0 || strcmp(examples[i].key, key->key) != 0)
			continue;
		if (found != NULL)
			return NULL;
		found = &examples[i];
	}
	return found;
}

static void every_key_is_there_with_its_default(void **state)
{
	const struct config_key *keys;
	const size_t n = config_keys(&keys);

	(void)state;
	for (size_t i = 0; i < n; i++) {
		const struct example *const e = find(&keys[i]);
		char want[TEXT_MAX];

		if (e == NULL)
			fail_msg("examples/watchforspammers.conf: want [%s] %s once", keys[i].section, keys[i].key);
		if (e->above[0] != '#' || e->above[1] != ' ')
			fail_msg("examples/watchforspammers.conf:%u: nothing above says what %s does", e->line, e->key);
		default_of(&keys[i], want);
		if (want[0] != '\0' && strcmp(e->value, want) != 0)
			fail_msg("examples/watchforspammers.conf:%u: got \"%s\", want \"%s\"", e->line, e->value, want);
		if ((want[0] == '\0') != (strstr(e->above, "None by default.") != NULL))
			fail_msg("examples/watchforspammers.conf:%u: does %s have a default? got \"%s\"", e->line,
			         e->key, e->above);
	}
	assert_int_equal(n_examples, n);
}

static void uncommented_it_is_a_configuration(void **state)
{
	struct config *config;
	struct why why;

	(void)state;
	if (config_read(uncommented, false, &config, &why) < 0)
		fail_msg("%s", why.text);
	assert_int_equal(config->n_logs, 1);
	config_free(config);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_key_is_there_with_its_default),
		cmocka_unit_test(uncommented_it_is_a_configuration),
	};

	return cmocka_run_group_tests(tests, read_example, remove_copy);
}
