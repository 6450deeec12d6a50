/*
 * Fuzz target of rulefile and compile: any bytes as a .rules file, read and compiled; then a line or two
 * against whatever came of it. Faults are sentences, never a crash; a set without faults matches under
 * limits.
 */
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "rules/rules.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(bool good)
{
	if (!good)
		abort();
}

static void match(const struct rules *rules)
{
	static const char *const messages[] = {
	        "", "x", "bad 198.51.100.7", "from host-198-51-100-7.example.net[198.51.100.7]: 2001:db8::1",
	        "message repeated 3 times: [ bad 198.51.100.7]"};
	struct rules_scratch *const scratch = rules_scratch_new(rules);
	struct rules_hit hits[RULES_HITS_MAX];

	for (size_t i = 0; i < sizeof messages / sizeof *messages; i++)
		(void)rules_match_all(scratch, (struct span){"postfix/smtpd", 13},
		                      (struct span){messages[i], strlen(messages[i])}, true, hits);
	rules_scratch_free(scratch);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char path[64];
	const char *const files[] = {path};
	struct rulefile_faults faults = {0};
	struct rules *rules = NULL;
	struct why why;
	const int fd = memfd_create("rules", MFD_CLOEXEC);
	int rc;

	check(fd >= 0 && write(fd, data, size) == (ssize_t)size);
	(void)snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
	rc = rules_load(NULL, 0, files, 1, &rules, &faults, &why);
	check((rc == 0) == (faults.n == 0) && (rc == 0) == (rules != NULL));
	for (size_t i = 0; i < faults.n; i++)
		check(faults.text[i][0] != '\0');
	if (rules != NULL)
		match(rules);
	rules_free(rules);
	rulefile_faults_done(&faults);
	(void)close(fd);
	return 0;
}
