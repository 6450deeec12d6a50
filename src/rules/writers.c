#include "rules/writers.h"

#include <pwd.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"

/* Returns the id of a user, or -1 if there is no such user. */
static int64_t uid_of(const char *word)
{
	const struct passwd *const pw = getpwnam(word);

	if (pw != NULL)
		return pw->pw_uid;
	if (word[strspn(word, "0123456789")] != '\0' || strlen(word) > 9)
		return -1;
	return strtoll(word, NULL, 10);
}

bool writers_find(const char *journal_uid, struct writers *ret)
{
	char *const words = alloc_text(journal_uid == NULL ? "" : journal_uid, "the users of a rule"), *save = NULL;
	bool fits = true;

	*ret = (struct writers){.any_system_user = journal_uid == NULL};
	for (const char *w = strtok_r(words, " \t,", &save); w != NULL && fits; w = strtok_r(NULL, " \t,", &save)) {
		const int64_t uid = uid_of(w);

		fits = uid < 0 || ret->n < WRITERS_MAX;
		if (uid >= 0 && fits)
			ret->uids[ret->n++] = (uint32_t)uid; /* checked by uid_of */
	}
	free(words);
	return fits;
}

bool writers_may(const struct writers *writers, int64_t uid)
{
	if (uid == 0 || (uid > 0 && writers->any_system_user && uid <= WRITERS_SYSTEM_UID_MAX))
		return true;
	for (size_t i = 0; i < writers->n; i++)
		if (writers->uids[i] == uid)
			return true;
	return false;
}
