/*
 * main: the table of commands, and the options that work everywhere.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "build.h" /* WFS_VERSION */
#include "command/command.h"

static const struct command {
	const char *name;
	int (*run)(int argc, char **argv, const struct command_env *env);
	const char *arguments, *what;
	const char *details;
} commands[] = {
	{"run", command_run, "", "the daemon, in the foreground",
         "Follows the logs of the configuration and keeps the kernel's block lists. SIGHUP reloads, SIGTERM stops.\n"},
	{"replay", command_replay,
         "[--database FILE [--diff]] [--sync] [--rules DIR] [--from T] [--until T] [--year Y] [--threads N]\n"
         "       [--progress none|bar|plain] [--json] FILE...|-",
         "old logs through the same rules and decisions",
         "  --database FILE  store hits and blocks there; what it has counted already is passed over\n"
         "  --diff           do not store, but say where its blocks differ from what the logs lead to; exit status 1 if so\n"
         "  --sync           put what is blocked now by the database into the kernel (needs root)\n"
         "  --rules DIR      with these rules instead of the configured ones\n"
         "  --from T, --until T  only lines from these times: 2026-11-20, 2026-11-20T13:37:42Z\n"
         "  --year Y         the year the first time stamp is in, when it has none\n"
         "  --threads N      how many to use; default: one for each processor\n"
         "Files may be compressed and come in any order. Without --database nothing is changed.\n"},
	{"check", command_check, "[--strict] [--json] [--against LOG...] [FILE.rules...]|--new [LINE]",
         "configuration, rules and their examples, and what run needs of this machine",
         "Prints each fault as file:line: reason, with the place under it; what is dubious as a warning. With files,\n"
         "these are checked together with the configured rules and replace those of the same name,\n"
         "and this machine (user, logs, kernel, ports) is not looked at.\n"
         "  --strict       warnings are faults\n"
         "  --against LOG  what the rules (with files: these alone) would have done to old logs, and whom they would\n"
         "                 have blocked who delivered accepted mail or logged in: then exit status 1. Further logs may\n"
         "                 follow; they may be compressed.\n"
         "  --new          print the beginnings of a rule for this line of a log, else for one from standard input\n"},
	{"explain", command_explain, "[--json] [LINE...]", "which rule takes each line, and why not",
         "Lines come from the arguments, else from standard input. For a line that none takes: the rule that came\n"
         "nearest and where it stopped. Exit status 1 when no line was taken.\n"},
	{"list", command_list, "[--json]", "who is blocked now", ""},
	{"why", command_why, "[--json] [--all] ADDRESS", "all that is known of an address",
         "  --all  every hit; else the newest 20. Exit status 1 when nothing is known.\n"},
	{"status", command_status, "[--json|--check]", "the daemon's health, its problems first",
         "  --check  one line, and the exit status as monitoring wants it: 0 ok, 1 warning, 2 critical, 3 unknown\n"
         "Exit status 1 when there are problems.\n"},
	{"test", command_order, "[--json] ADDRESS|NETWORK", "would it be blocked, and why",
         "Asks the daemon, or the database when none runs. Exit status 1 when it is not blocked.\n"},
	{"block", command_block, "[--json] ADDRESS|NETWORK [--for DURATION] [--reason TEXT]", "by hand, at once",
         "  --for DURATION  600, 10m, 1h30m, 7d; else as long as its next block would last\n"
         "  --reason TEXT   is recorded and shown\n"},
	{"unblock", command_unblock, "[--json] ADDRESS|NETWORK [--reason TEXT]", "ends its blocks, forgets what it did",
         "Every block ends that the address is in, also of a network. What it does from now on counts again.\n"},
	{"add", command_block, "[--json] ADDRESS|NETWORK [DURATION] [TEXT]", "block, as MIMEDefang's daemon was told", ""},
	{"del", command_unblock, "[--json] ADDRESS|NETWORK [TEXT]", "unblock, likewise", ""},
	{"vote", command_vote, "[--json] black|white ADDRESS [--score N] [--reason TEXT]", "a point for or against",
         "  --score N  how much; default 50 for black, 100 for white\n"
         "White ends its blocks, and beats any number of black ones for the time of [block] window.\n"},
	{"resume", command_order, "[--json] RULE", "a suspended rule counts again", ""},
	{"reload", command_order, "[--json]", "configuration and rules anew, everything or nothing", ""},
	{"cleanup", command_cleanup, "", "takes out of the firewall what a killed daemon left",
         "Removes the chain, the jumps to it and the lists. Needs root. While a daemon runs: exit status 1, and nothing is done.\n"},
};

enum { N_COMMANDS = sizeof commands / sizeof *commands };

static void print_help(void)
{
	(void)printf("usage: watchforspammers [-c FILE] COMMAND [ARGUMENT...]\n\n");
	for (size_t i = 0; i < N_COMMANDS; i++)
		(void)printf("  %-8s %s\n", commands[i].name, commands[i].what);
	(void)printf("\n  -c FILE  the configuration; default %s\n"
	             "  -h       help, also after a command\n"
	             "  -V       the version\n"
	             "  --utc    times in UTC, else in the local zone\n\n"
	             "watchforspammers(8) tells everything.\n",
	             CONFIG_DEFAULT_PATH);
}

static void print_command_help(const struct command *c)
{
	(void)printf("usage: watchforspammers [-c FILE] %s %s\n%s.\n%s", c->name, c->arguments, c->what, c->details);
}

static const struct command *find(const char *name)
{
	for (size_t i = 0; i < N_COMMANDS; i++)
		if (strcmp(commands[i].name, name) == 0)
			return &commands[i];
	return NULL;
}

struct globals {
	struct command_env env;
	bool help, version;
};

/* Takes -c, -h, -V, --json and --utc out of argv, up to "--". Returns the new argc, or -1 for "-c" without a file. */
static int take_globals(int argc, char **argv, struct globals *g)
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

/* What was printed must have arrived: a full disk is no success. */
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

	argc = take_globals(argc, argv, &g);
	if (argc < 0) {
		(void)fprintf(stderr, "watchforspammers: -c wants a file\n");
		return COMMAND_USAGE;
	}
	if (g.version) {
		(void)printf("watchforspammers %s\n", WFS_VERSION);
		return finish(COMMAND_DONE);
	}
	c = argc > 1 ? find(argv[1]) : NULL;
	if (g.help && (argc == 1 || c != NULL)) {
		if (c != NULL)
			print_command_help(c);
		else
			print_help();
		return finish(COMMAND_DONE);
	}
	if (c == NULL) {
		(void)fprintf(stderr, "watchforspammers: %s; see 'watchforspammers -h'\n",
		              argc > 1 ? "no such command" : "which command?");
		return COMMAND_USAGE;
	}
	return finish(c->run(argc - 1, argv + 1, &g.env));
}
