/*
 * watchforspammers-share: shares blocks with other hosts over streams of Redis or Valkey. A separate program without
 * database, logs and privileges: the daemon decides what a message means.
 */
#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <string.h>

#include "base/log.h"
#include "build.h"
#include "share/exchange.h"
#include "share/settings.h"
#include "share/sign.h"

/* Exit status, as in watchforspammers(8). */
enum { DONE = 0, USAGE = 2, SYSTEM = 3 };

#define GROUP "watchforspammers-share" /* its members may read the key */

static void print_help(void)
{
	(void)printf("usage: watchforspammers-share [-c FILE] COMMAND\n\n"
	             "  run      shares blocks with other hosts, in the foreground\n"
	             "  key      makes the key of this host if there is none, and prints\n"
	             "           the line for the file 'peers' of the other hosts\n"
	             "\n  -c FILE  use this configuration instead of\n           %s\n"
	             "  -h       this help\n"
	             "  -V       the version\n\n"
	             "See watchforspammers-share(8).\n",
	             SETTINGS_DEFAULT_PATH);
}

static int fail(int status, const struct why *why)
{
	(void)fprintf(stderr, "watchforspammers-share: %s\n", why->text);
	return status;
}

static int usage(const char *what)
{
	(void)fprintf(stderr, "watchforspammers-share: %s; see 'watchforspammers-share -h'\n", what);
	return USAGE;
}

static int make_key(const struct settings *settings)
{
	struct sign_key key;
	struct why why;
	int rc = sign_create(settings->key, GROUP, &why);

	if (rc == 0)
		(void)fprintf(stderr, "watchforspammers-share: made a new key: %s\n", settings->key);
	if ((rc < 0 && rc != -EEXIST) || sign_load(settings->key, &key, &why) < 0)
		return fail(SYSTEM, &why);
	(void)printf("%s %s block,lift,white weight=100\n", settings->host, key.public);
	sign_done(&key);
	return DONE;
}

static int share(const struct settings *settings)
{
	struct why why;

	log_init("watchforspammers-share", LOG_INFO);
	return exchange_run(settings, &why) < 0 ? fail(SYSTEM, &why) : DONE;
}

static int run_command(const char *command, const struct settings *settings)
{
	if (strcmp(command, "key") == 0)
		return make_key(settings);
	if (strcmp(command, "run") == 0)
		return share(settings);
	return usage("no such command");
}

int main(int argc, char **argv)
{
	const char *path = SETTINGS_DEFAULT_PATH;
	struct settings settings;
	struct why why;
	int option, status;

	while ((option = getopt(argc, argv, "c:hV")) != -1)
		switch (option) {
		case 'c':
			path = optarg;
			break;
		case 'h':
			print_help();
			return DONE;
		case 'V':
			(void)printf("watchforspammers-share %s\n", WFS_VERSION);
			return DONE;
		default:
			return usage("no such option, or without its value");
		}
	if (argc - optind != 1)
		return usage(argc == optind ? "no command given" : "one command at a time");
	if (settings_read(path, &settings, &why) < 0)
		return fail(USAGE, &why);
	status = run_command(argv[optind], &settings);
	settings_done(&settings);
	if (fflush(stdout) != 0)
		return SYSTEM;
	return status;
}
