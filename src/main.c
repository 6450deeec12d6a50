/*
 * main: the table of commands, and the options that work with every command.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/text.h"
#include "build.h" /* WFS_VERSION */
#include "command/command.h"

static const struct command {
	const char *name;
	int (*run)(int argc, char **argv, const struct command_env *env);
	const char *arguments, *what;
	const char *details;
} commands[] = {
	{"run", command_run, "", "the daemon, in the foreground",
         "Follows the logs of the configuration and keeps the kernel's block lists.\n"
         "SIGHUP reloads, SIGTERM stops.\n"},
	{"replay", command_replay, "[OPTION...] FILE...|-|--journal", "what would have been blocked, from old logs",
         "  --database FILE  store hits and blocks there; lines it has are skipped\n"
         "  --diff           do not store, but show where its blocks differ from those\n"
         "                   of the logs; exit status 1 if they do\n"
         "  --sync           put the active blocks of the database into the kernel\n"
         "                   (needs root)\n"
         "  --rules DIR      use these rules instead of the configured ones\n"
         "  --journal        read the journal instead of files\n"
         "  --since T        the same as --from T\n"
         "  --from T, --until T  only lines between these times: 2026-11-20,\n"
         "                   2026-11-20T13:37:42Z, or how long ago: 7d\n"
         "  --year Y         the year of the first timestamp, if it has none\n"
         "  --threads N      number of threads; default: one per processor\n"
         "  --progress P     none, bar or plain\n"
         "  --json           the summary as JSON\n"
         "Files may be compressed and come in any order. Without --database nothing is\n"
         "changed.\n"},
	{"check", command_check, "[OPTION...] [FILE.rules...]|--new [LINE]",
         "test configuration, rules, examples and this machine",
         "Prints each error as file:line: reason, with the place marked; dubious\n"
         "things as warnings. With files, these are checked together with the\n"
         "configured rules and replace those of the same name, and this machine (user,\n"
         "logs, kernel, ports) is not checked.\n"
         "  --strict       warnings are errors\n"
         "  --against LOG  what the rules (with files: these alone) would have done to\n"
         "                 old logs. Exit status 1 if they would have blocked clients\n"
         "                 that delivered accepted mail or logged in. More logs may\n"
         "                 follow; they may be compressed.\n"
         "  --against --journal [--since T]  the same to the journal\n"
         "  --new          print a draft of a rule for this log line, or for one from\n"
         "                 standard input\n"
         "  --json         one object per line\n"},
	{"explain", command_explain, "[--json] [LINE...|--journal]", "which rule matches a line, or why none does",
         "Lines come from the arguments, or else from standard input. If no rule matches:\n"
         "the most similar rule and where its match stopped. Exit status 1 if no line\n"
         "matched.\n"
         "  --journal [--since T]  the entries of the journal, from then on\n"},
	{"list", command_list, "[OPTION...]", "active blocks",
         "  --sort ORDER    until (default), hits or network\n"
         "  --category C    of one category only, such as auth\n"
         "  --rule NAME     of one rule only\n"
         "  --network NET   in that network, and of networks around it\n"
         "  --origin HOST   only those that this other host sent\n"
         "  --watch         again every two seconds\n"
         "  --allowed       temporarily allowed addresses instead\n"
         "  --files         the networks of [block] file instead\n"
         "  --json          one object per line\n"},
	{"export", command_export, "[OPTION...]", "blocked addresses as a list for other programs",
         "  --format F     plain (default), cidr, csv, json, nft, ipset, rbldnsd, bind\n"
         "  --allowed      temporarily allowed addresses instead\n"
         "  --hits N       addresses with at least N hits instead ...\n"
         "  --within D     ... in this time; default: 24h\n"
         "  --output FILE  replace this file in one step; default: standard output\n"
         "  --json         the same as --format json\n"},
	{"report", command_report, "[OPTION...]", "what happened, in figures: as text or as a page",
         "  --since T, --until T  2026-11-01, or how long ago: 7d; default: 30 days\n"
         "  --category C   of one category only\n"
         "  --html FILE    one page of HTML, replaced in one step\n"
         "  --mail ADDRESS the text as a mail, by sendmail\n"},
	{"import", command_import, "[OPTION...] fail2ban|list FILE|-",
         "what other programs have: lists, a whole fail2ban",
         "list: blocks the addresses of a file: plain, CSV, ipset save, nft list, cscli -o\n"
         "json. fail2ban: writes a configuration, rules and the bans in force into a new\n"
         "directory, to look at.\n"
         "  --for D          how long, if the list has no time; default 7d\n"
         "  --reason TEXT    if the list has none\n"
         "  --dry-run        print what would be ordered\n"
         "  --from DIR       of fail2ban; default /etc/fail2ban\n"
         "  --database FILE  of fail2ban; default: the one that its configuration names\n"
         "  --output DIR     where its files go; default fail2ban-import\n"},
	{"why", command_why, "[--json] [--all] ADDRESS|NETWORK", "all that is known about an address",
         "  --all  every hit; default: the latest 20. Exit status 1 if nothing is known.\n"},
	{"status", command_status, "[OPTION...]", "the daemon's health, its problems first",
         "  --check        one line and an exit status for monitoring: 0 ok, 1 warning,\n"
         "                 2 critical, 3 unknown\n"
         "  --prometheus   as metrics for Prometheus\n"
         "  --output FILE  these into a file, which is replaced in one step\n"
         "  --json         as JSON\n"
         "Exit status 1 if there are problems.\n"},
	{"test", command_order, "[--json] ADDRESS|NETWORK", "whether it is blocked, and why",
         "Asks the daemon, or the database if no daemon is running. Exit status 1 if it\n"
         "is not blocked.\n"},
	{"block", command_order, "[OPTION...] ADDRESS|NETWORK...", "block manually, at once",
         "  --for DURATION  600, 10m, 1h30m, 7d; default: as long as its next block\n"
         "                  would last\n"
         "  --reason TEXT   is recorded and shown\n"
         "  --json          the replies as JSON\n"},
	{"unblock", command_order, "[OPTION...] ADDRESS|NETWORK...|--all", "end its blocks and reset its score",
         "Ends every block that contains the address, also of a network. New hits count\n"
         "again.\n"
         "  --all          end all blocks, without confirmation\n"
         "  --reason TEXT  is recorded\n"
         "  --json         the replies as JSON\n"},
	{"allow", command_order, "[OPTION...] ADDRESS|NETWORK...", "never block it, for a limited time",
         "Its blocks end at once. To allow it permanently: [allow] in the configuration.\n"
         "  --for DURATION  10m, 7d; default 31d\n"
         "  --reason TEXT   is recorded and shown\n"
         "  --json          the replies as JSON\n"},
	{"disallow", command_order, "[OPTION...] ADDRESS|NETWORK...", "end an allowance",
         "  --reason TEXT  is recorded\n"
         "  --json         the replies as JSON\n"},
	{"vote", command_order, "[OPTION...] black|white ADDRESS...",
         "a vote for or against a client, by another filter",
         "  --score N      its weight; default 50 for black, 100 for white\n"
         "  --reason TEXT  is recorded and shown\n"
         "  --json         the replies as JSON\n"
         "A white vote ends its blocks; for the time of [block] window, black votes do\n"
         "not count.\n"},
	{"add", command_order, "[--json] ADDRESS|NETWORK [DURATION] [TEXT]",
         "block, in the syntax of MIMEDefang's daemon", ""},
	{"del", command_order, "[--json] ADDRESS|NETWORK [TEXT]", "unblock, in the syntax of MIMEDefang's daemon", ""},
	{"resume", command_order, "[--json] RULE", "reactivate a suspended rule", ""},
	{"note", command_note, "[--json] [TEXT]", "a note for today, or all notes",
         "Notes are kept for ever, and show in reports: 'raised threshold', 'new MX'.\n"
         "Without TEXT, all notes are shown.\n"
         "  --json  as JSON\n"},
	{"backup", command_backup, "[--force] FILE", "a copy of the database, while the daemon runs",
         "FILE is complete, or not there at all. To restore it: stop the daemon, copy\n"
         "it to where the database was, for the same owner, start the daemon.\n"
         "  --force  replace FILE if it exists\n"},
	{"events", command_events, "[OPTION...]", "what happened: each block, lift, expiry ...",
         "  --since ID  only what came after the event of that number\n"
         "  --follow    go on with each new event as it happens\n"
         "  --hits      each hit instead; hits have numbers of their own\n"
         "  --json      one object a line\n"},
	{"spf", command_spf, "[--json] DOMAIN", "the networks that a domain sends mail from, by SPF",
         "As [allow] spf would allow them. What depends on the message (ptr, exists,\n"
         "macros) is named, and allows nothing. Exit status 1 if the domain has no SPF\n"
         "record, or one with an error.\n"
         "  --json  one object\n"},
	{"reload", command_order, "[--json]", "reload configuration and rules, all or nothing", ""},
	{"cleanup", command_cleanup, "", "remove what a killed daemon left in the firewall",
         "Removes the chain, the jumps to it and the lists. Needs root. Does nothing, with\n"
         "exit status 1, while a daemon is running.\n"},
};

enum { N_COMMANDS = sizeof commands / sizeof *commands };

static void print_help(void)
{
	(void)printf("usage: watchforspammers [-c FILE] COMMAND [ARGUMENT...]\n\n");
	for (size_t i = 0; i < N_COMMANDS; i++)
		(void)printf("  %-8s %s\n", commands[i].name, commands[i].what);
	(void)printf("  %-8s %s\n  %-8s %s\n", "help", "this help, or that of a command", "version", "the version");
	(void)printf("\n  -c FILE  use this configuration instead of\n           %s\n"
	             "  -h       this help; after a command, or 'help COMMAND': that of the command\n"
	             "  -V       the version\n"
	             "  --utc    times in UTC instead of the local zone\n\n"
	             "See watchforspammers(8).\n",
	             CONFIG_DEFAULT_PATH);
}

static void print_command_help(const struct command *c)
{
	(void)printf("usage: watchforspammers [-c FILE] %s %s\n%s\n%s", c->name, c->arguments, c->what, c->details);
}

static const struct command *find(const char *name)
{
	for (size_t i = 0; i < N_COMMANDS; i++)
		if (strcmp(commands[i].name, name) == 0)
			return &commands[i];
	return NULL;
}

/* Returns true if the command has the option; its help names every one. */
static bool has_option(const struct command *c, const char *option)
{
	return strstr(c->arguments, option) != NULL || strstr(c->details, option) != NULL;
}

/* Names of our commands in other programs. */
static const struct {
	const char *word, *command;
} others[] = {{"ban", "block"}, {"unban", "unblock"}, {"release", "unblock"}, {"whitelist", "allow"}, {"show", "list"}};

/* Returns the command that may have been meant, or NULL. */
static const char *nearest(const char *name)
{
	const char *names[N_COMMANDS + 3];

	for (size_t i = 0; i < sizeof others / sizeof *others; i++)
		if (strcmp(others[i].word, name) == 0)
			return others[i].command;
	for (size_t i = 0; i < N_COMMANDS; i++)
		names[i] = commands[i].name;
	names[N_COMMANDS] = "help";
	names[N_COMMANDS + 1] = "version";
	names[N_COMMANDS + 2] = NULL;
	return text_nearest(name, names);
}

static int no_such_command(const char *name)
{
	static const char *const options[] = {NULL};
	const char *const near = nearest(name);
	char look[80];

	if (name[0] == '-')
		return command_no_option("", name, options);
	(void)text_escape((struct span){name, strlen(name)}, look, sizeof look);
	(void)fprintf(stderr, "watchforspammers: no command \"%s\"%s%s%s 'watchforspammers help'\n", look,
	              near != NULL ? "; did you mean " : "", near != NULL ? near : "",
	              near != NULL ? "? See" : "; see");
	return COMMAND_USAGE;
}

struct globals {
	struct command_env env;
	bool help, version;
};

/* Removes -c, -h, -V, --json and --utc from argv, up to "--". Returns the new argc, or -1 for "-c" without a file. */
static int parse_globals(int argc, char **argv, struct globals *g)
{
	int n = 1;

	for (int i = 1; i < argc; i++) {
		const char *const a = argv[i];

		if (strcmp(a, "--") == 0) {
			while (i < argc)
				argv[n++] = argv[i++];
		} else if (strcmp(a, "-h") == 0 || strcmp(a, "--help") == 0) {
			g->help = true;
		} else if (strcmp(a, "-V") == 0 || strcmp(a, "--version") == 0) {
			g->version = true;
		} else if (strcmp(a, "--json") == 0) {
			g->env.json = true;
		} else if (strcmp(a, "--utc") == 0) {
			g->env.utc = true;
		} else if (strcmp(a, "-c") == 0 || strcmp(a, "--config") == 0) {
			if (++i == argc)
				return -1;
			g->env.config_path = argv[i];
			g->env.config_given = true;
		} else {
			argv[n++] = argv[i];
		}
	}
	argv[n] = NULL;
	return n;
}

static bool is_word(const char *word)
{
	return strcmp(word, "help") == 0 || strcmp(word, "version") == 0;
}

/* Handles "help [COMMAND]" like -h and "version" like -V. The help of these two words is that of the program. */
static int parse_words(int argc, char **argv, struct globals *g)
{
	if (argc < 2 || !is_word(argv[1]))
		return argc;
	if (strcmp(argv[1], "version") == 0) {
		g->version = !g->help;
	} else {
		g->help = true;
		memmove(argv + 1, argv + 2, (size_t)(argc - 1) * sizeof *argv); /* including the NULL */
		argc--;
	}
	return argc;
}

/* Checks that the output was written: on a full disk the command failed. */
static int finish(int status)
{
	if (fflush(stdout) != 0 || ferror(stdout)) {
		if (errno != EPIPE)
			(void)fprintf(stderr, "watchforspammers: cannot write the output: %s\n", strerror(errno));
		return COMMAND_SYSTEM;
	}
	return status;
}

int main(int argc, char **argv)
{
	struct globals g = {.env = {.config_path = CONFIG_DEFAULT_PATH}};
	const struct command *c;

	argc = parse_globals(argc, argv, &g);
	if (argc < 0)
		return command_usage("", "-c needs a file");
	argc = parse_words(argc, argv, &g);
	if (g.version) {
		(void)printf("watchforspammers %s\n", WFS_VERSION);
		return finish(COMMAND_DONE);
	}
	if (g.help && (argc == 1 || is_word(argv[1]))) {
		print_help();
		return finish(COMMAND_DONE);
	}
	if (argc == 1) {
		(void)fprintf(stderr, "watchforspammers: no command given; see 'watchforspammers help'\n");
		return COMMAND_USAGE;
	}
	if ((c = find(argv[1])) == NULL)
		return no_such_command(argv[1]);
	if (g.help) {
		print_command_help(c);
		return finish(COMMAND_DONE);
	}
	if (g.env.json && !has_option(c, "--json"))
		return command_usage(c->name, "it has no --json");
	return finish(c->run(argc - 1, argv + 1, &g.env));
}
