/*
 * Fuzz target of rulefile and compile: any bytes as a .rules file, read, compiled, and tried as the daemon does before
 * it uses new rules; then a line or two against whatever came of it. Errors are sentences, never a crash; a set
 * without errors matches under limits. The seeds are the shipped files, and each rule in them with its macros in place.
 */
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "rulecheck/examples.h"
#include "rulecheck/lint.h"
#include "rules/rules.h"
#include "seeds.h"

/* --- the seeds --- */

static void add_file(const char *path)
{
	static char text[1 << 20];
	FILE *const file = fopen(path, "re");

	check(file != NULL);
	seeds_add(text, fread(text, 1, sizeof text, file), "", 0);
	(void)fclose(file);
}

static void add_rule(const struct rulefile_rule *rule)
{
	static char text[1 << 20];
	FILE *const out = fmemopen(text, sizeof text, "w");

	check(out != NULL);
	(void)fprintf(out, "[%s]\nprogram = %s\nmatch = %s\ncategory = %s\nreason = %s\nscore = %d\n", rule->name,
	              rule->program, rule->match.text, rule->category, rule->reason, rule->score);
	if (rule->unless.text != NULL)
		(void)fprintf(out, "unless = %s\n", rule->unless.text);
	(void)fprintf(out, "%s%s%s%s", rule->remember ? "remember = yes\n" : "", rule->forget ? "forget = yes\n" : "",
	              rule->also ? "also = yes\n" : "", rule->generic ? "name = generic\n" : "");
	for (size_t i = 0; i < rule->n_examples; i++) {
		const struct rulefile_example *const e = &rule->examples[i];
		char address[ADDR_TEXT_MAX] = "-";

		if (e->hit && !e->unnamed)
			(void)addr_text(&e->address, address);
		if (e->hit)
			(void)fprintf(out, "hit = %s | %s\n", address, e->text);
		else
			(void)fprintf(out, "%s = %s\n", e->given ? "given" : "miss", e->text);
	}
	check(fclose(out) == 0);
	seeds_add(text, strlen(text), "", 0);
}

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	char *const dir = seeds_source("patterns");
	const char *const dirs[] = {dir};
	struct rulefile_set set;
	struct rulefile_errors errors;
	struct why why;

	seeds_begin(*argc, *argv);
	check(rulefile_read(&(struct rulefile_from){.dirs = dirs, .n_dirs = 1}, &set, &errors, &why) == 0);
	for (size_t i = 0; i < set.n_files; i++)
		add_file(set.files[i].path);
	for (size_t i = 0; i < set.n; i++)
		add_rule(&set.rules[i]);
	rulefile_set_done(&set);
	rulefile_errors_done(&errors);
	free(dir);
	return 0;
}

/* --- one input --- */

static void match(const struct rules *rules)
{
	static const char *const messages[] = {"", "x", "bad 198.51.100.7",
	                                       "from host-198-51-100-7.example.net[198.51.100.7]: 2001:db8::1",
	                                       "message repeated 3 times: [ bad 198.51.100.7]"};
	struct rules_scratch *const scratch = rules_scratch_new(rules);
	struct rules_hit hits[RULES_HITS_MAX];

	for (size_t i = 0; i < sizeof messages / sizeof *messages; i++)
		(void)rules_match_all(scratch, (struct span){"postfix/smtpd", 13},
		                      (struct span){messages[i], strlen(messages[i])}, true, hits);
	rules_scratch_free(scratch);
}

static void check_sentences(const struct rulefile_errors *errors)
{
	for (size_t i = 0; i < errors->n; i++)
		check(errors->text[i][0] != '\0');
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char path[64];
	const char *const files[] = {path};
	struct rulefile_errors errors = {0};
	struct rules *rules = NULL;
	struct why why;
	const int fd = memfd_create("rules", MFD_CLOEXEC);
	size_t at;
	int rc;

	check(fd >= 0 && write(fd, data, size) == (ssize_t)size);
	(void)snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
	rc = rules_load(NULL, 0, files, 1, &rules, &errors, &why);
	check((rc == 0) == (errors.n == 0) && (rc == 0) == (rules != NULL));
	check_sentences(&errors);
	if (rules != NULL) {
		match(rules);
		(void)examples_try(rules, &errors, NULL);
		check_sentences(&errors);
		for (size_t i = 0; i < rules_count(rules); i++)
			(void)lint_is_loose(rules_at(rules, i)->text->match.text, &at);
	}
	rules_free(rules);
	rulefile_errors_done(&errors);
	(void)close(fd);
	return 0;
}
