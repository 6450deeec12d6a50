#include "admin/problems.h"

#include <assert.h>
#include <stdio.h>

/* Indexed by enum problems_kind. */
static const struct kind {
	const char *name;
	bool critical;
	const char *remedy;
} kinds[] = {
	[PROBLEMS_STOPPED] = {"stopped", true,
                              "systemctl start watchforspammers; why it stopped: journalctl -u watchforspammers"},
	[PROBLEMS_UNKNOWN] = {"unknown", false, "ask as root, or as a member of the group in [control] readers"},
	[PROBLEMS_DATABASE] = {"database", true,
                               "make room on its file system, or end the other program that writes to it; it is tried "
                               "every second, and nothing that was read is lost"},
	[PROBLEMS_FIREWALL] = {"firewall", true, "it is tried every second; see journalctl -u watchforspammers"},
	[PROBLEMS_LOG] = {"log", false, "name a log that is there and can be read in [log], and restart"},
	[PROBLEMS_JOURNAL] = {"journal", true,
                              "make its files readable for the daemon's user (group systemd-journal), or set [journal] "
                              "read = no and name logs in [log]; it is tried every 5 seconds"},
	[PROBLEMS_SUPPRESSED] = {"suppressed", false, "raise RateLimitBurst= in journald.conf(5)"},
	[PROBLEMS_SILENT] =
		{"silent", false,
                 "name the log that your mail server writes in [log], or set [journal] read = yes where only the "
                 "journal has it"},
	[PROBLEMS_CONFIG] = {"config", false,
                             "correct it, see 'watchforspammers check', then 'watchforspammers reload'"},
	[PROBLEMS_RULES] = {"rules", false, "correct them, see 'watchforspammers check'; they are read when saved"},
	[PROBLEMS_FILE] =
		{"file", false,
                 "correct it, or its line in [allow] or [block] file; it is read again within [firewall] resync"},
	[PROBLEMS_REFUSED] = {"refused", false,
                              "block networks instead, or unblock some; it is tried at each comparison"},
	[PROBLEMS_SESSIONS] = {"sessions", false, "load the module, or set [firewall] sessions = drop, and restart"},
	[PROBLEMS_STAMPS] =
		{"stamps", false,
                 "set the same time zone and clock for the program that writes it, or let it write stamps with a zone"},
	[PROBLEMS_PROXY] =
		{"proxy", false,
                 "let it pass on the clients' addresses, see 'Proxies' in watchforspammers.conf(5); or, if it is a client of "
                 "yours, name its network in [allow] address, and reload"},
	[PROBLEMS_HOOKS] = {"hooks", false,
                            "set [firewall] hooks = auto, and restart; see 'Containers' in watchforspammers.conf(5)"},
	[PROBLEMS_SUSPENDED] = {"suspended", false, "find out why, then 'watchforspammers resume' with its name"},
	[PROBLEMS_EXPORT] =
		{"export", false,
                 "let [run] user write in its directory (a service needs ReadWritePaths= as well, where it is not below /run), or "
                 "name another [export] file, and restart"},
	[PROBLEMS_LOST] = {"lost", false,
                           "where it was moved aside, look at the old file or delete it; this is shown for a week"},
};

static_assert(sizeof kinds / sizeof *kinds == PROBLEMS_N, "every kind has its words");

const char *problems_name(enum problems_kind kind)
{
	return kinds[kind].name;
}

bool problems_is_critical(enum problems_kind kind)
{
	return kinds[kind].critical;
}

const char *problems_remedy(enum problems_kind kind)
{
	return kinds[kind].remedy;
}

/* Returns the place of a problem. Logs come last, because there are many. */
static size_t place_of(enum problems_kind kind, size_t log)
{
	assert(kind < PROBLEMS_N && log < PROBLEMS_LOGS_MAX && (kind == PROBLEMS_LOG || log == 0));
	if (kind == PROBLEMS_LOG)
		return PROBLEMS_N - 1 + log;
	return kind < PROBLEMS_LOG ? kind : kind - 1U;
}

void problems_set(struct problems *problems, enum problems_kind kind, size_t log, const char *what, const char *remedy,
                  int64_t now_s)
{
	struct problem *const p = &problems->of[place_of(kind, log)];

	if (p->what[0] == '\0')
		p->since_s = now_s;
	p->kind = kind;
	p->critical = problems_is_critical(kind);
	(void)snprintf(p->what, sizeof p->what, "%s", what);
	(void)snprintf(p->remedy, sizeof p->remedy, "%s", remedy != NULL ? remedy : problems_remedy(kind));
}

void problems_clear(struct problems *problems, enum problems_kind kind, size_t log)
{
	problems->of[place_of(kind, log)].what[0] = '\0';
}

const struct problem *problems_next(const struct problems *problems, size_t *at)
{
	while (*at < sizeof problems->of / sizeof *problems->of) {
		const struct problem *const p = &problems->of[(*at)++];

		if (p->what[0] != '\0')
			return p;
	}
	return NULL;
}
