#include "engine/choice.h"

#include <errno.h>
#include <sys/stat.h>
#include <unistd.h>

#include "input/readable.h"

enum {
	BEHIND_S = 60,       /* seconds: a syslog daemon writes what the journal has within this time */
	ABANDONED_S = 86400, /* seconds: nobody writes the log any more, if there is no mail to compare with */
};

struct journal_where choice_where(const struct config *config)
{
	return (struct journal_where){config->journal.namespace, config->journal.machine, config->journal.directory};
}

static bool is_another(const struct config *config)
{
	return config->journal.namespace[0] != '\0' || config->journal.machine[0] != '\0' ||
	       config->journal.directory[0] != '\0';
}

static bool has_journal(void)
{
	return access("/run/systemd/journal/socket", F_OK) == 0 || access("/var/log/journal", F_OK) == 0 ||
	       access("/run/log/journal", F_OK) == 0;
}

/* Returns true if the journal should be read instead of the default log. */
static bool is_better(const char *log, int64_t now_s, struct why *why)
{
	const struct journal_where here = {"", "", ""};
	int64_t newest_s = 0;
	struct why ignored; /* reported by the daemon when it opens the journal */
	struct stat st;

	if (stat(log, &st) < 0 || !S_ISREG(st.st_mode) || st.st_size == 0) {
		(void)why_set(why, ENOENT, "%s is missing or empty", log);
		return true;
	}
	(void)journal_newest_mail(&here, &newest_s, &ignored);
	if (newest_s > st.st_mtim.tv_sec + BEHIND_S) {
		(void)why_set(why, ESTALE, "the journal has mail lines that %s lacks", log);
		return true;
	}
	if (newest_s == 0 && readable_journal_only() && st.st_mtim.tv_sec + ABANDONED_S < now_s) {
		(void)why_set(why, ESTALE, "%s is not written any more", log);
		return true;
	}
	(void)why_set(why, EEXIST, "%s has what the journal has of mail", log);
	return false;
}

void choice_make(const struct config *config, bool was_read, int64_t now_s, struct choice *ret)
{
	*ret = (struct choice){.journal = false};
	if (config->journal.read == CONFIG_NO) {
		(void)why_set(&ret->why, EPERM, "[journal] read = no");
	} else if (config->journal.read == CONFIG_YES || is_another(config)) {
		ret->journal = true;
		(void)why_set(&ret->why, EEXIST, is_another(config) ? "[journal] names one" : "[journal] read = yes");
	} else if (config->names_logs) {
		(void)why_set(&ret->why, EEXIST, "[log] names files");
	} else if (!has_journal()) {
		(void)why_set(&ret->why, ENOENT, "this machine has no journal");
	} else if (was_read) {
		ret->journal = true;
		(void)why_set(&ret->why, EEXIST, "it was read before");
	} else {
		ret->journal = is_better(config->logs[0], now_s, &ret->why);
	}
	ret->files = config->names_logs || !ret->journal;
}
