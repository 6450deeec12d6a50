#include "command/command.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <limits.h>
#include <pwd.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/clock.h"
#include "base/duration.h"
#include "command/daemon.h"

enum {
	LOOK_MAX = 80,    /* bytes of a word that are shown */
	OPTIONS_MAX = 16, /* of one command */
	WORDS_MAX = 200,  /* bytes of all words that an option accepts */
};

int command_fail(int status, const struct why *why)
{
	(void)fflush(stdout);
	(void)fprintf(stderr, "watchforspammers: %s\n", why->text);
	return status;
}

int command_usage(const char *command, const char *fmt, ...)
{
	const char *const blank = command[0] != '\0' ? " " : "";
	char text[WHY_MAX];
	size_t len;
	va_list ap;

	va_start(ap, fmt);
	(void)vsnprintf(text, sizeof text, fmt, ap);
	va_end(ap);
	len = strlen(text);
	(void)fprintf(stderr, "watchforspammers%s%s: %s%s 'watchforspammers%s%s -h'\n", blank, command, text,
	              len > 0 && text[len - 1] == '?' ? " See" : "; see", blank, command);
	return COMMAND_USAGE;
}

int command_wait_for_lines(const char *command)
{
	if (fcntl(STDIN_FILENO, F_GETFD) < 0)
		return command_usage(command, "standard input is closed; give lines there or as arguments");
	if (isatty(STDIN_FILENO))
		(void)fprintf(stderr, "watchforspammers %s: paste log lines here; Ctrl-D on an empty line ends\n",
		              command);
	return COMMAND_DONE;
}

int command_no_option(const char *command, const char *word, const char *const options[])
{
	static const char *const everywhere[] = {"--json", "--utc", "--config", "--help", "--version"};
	const char *known[OPTIONS_MAX + sizeof everywhere / sizeof *everywhere + 1];
	char look[LOOK_MAX], name[LOOK_MAX];
	const char *near;
	size_t n = 0;

	while (n < OPTIONS_MAX && options[n] != NULL) {
		known[n] = options[n];
		n++;
	}
	for (size_t i = 0; i < sizeof everywhere / sizeof *everywhere; i++)
		known[n++] = everywhere[i];
	known[n] = NULL;
	(void)text_escape((struct span){word, strlen(word)}, look, sizeof look);
	(void)snprintf(name, sizeof name, "%.*s", (int)strcspn(look, "="),
	               look); /* "--for=1h": the value is a word of its own */
	near = text_nearest(name, known);
	return command_usage(command, "no option \"%s\"%s%s%s", look, near != NULL ? "; did you mean " : "",
	                     near != NULL ? near : "", near != NULL ? "?" : "");
}

int command_no_getopt(char **argv, const struct option *options)
{
	char names[OPTIONS_MAX][LOOK_MAX];
	const char *known[OPTIONS_MAX + 1];
	size_t n = 0;

	for (; n < OPTIONS_MAX && options[n].name != NULL; n++) {
		if (optopt != 0 && optopt == options[n].val)
			return command_usage(argv[0], "--%s needs a value", options[n].name);
		(void)snprintf(names[n], sizeof names[n], "--%s", options[n].name);
		known[n] = names[n];
	}
	known[n] = NULL;
	return command_no_option(argv[0], argv[optind - 1], known);
}

int command_options(int argc, char **argv, const struct option *options, command_take_option *take, void *request)
{
	int option, status = COMMAND_DONE;

	opterr = 0; /* command_no_getopt reports it */
	while (status == COMMAND_DONE && (option = getopt_long(argc, argv, "", options, NULL)) != -1)
		status = option == '?' ? command_no_getopt(argv, options) : take(option, request);
	return status;
}

int command_time(const char *command, const char *option, const char *word, bool utc, int64_t *ret_s)
{
	int64_t ago_s;

	if (time_parse(word, utc, ret_s))
		return COMMAND_DONE;
	if (word[strspn(word, "0123456789")] == '\0' || !duration_parse(word, &ago_s))
		return command_usage(
			command,
			"%s: want a time such as 2026-11-20 or 2026-11-20T13:37:42Z, or how long ago, such as 7d",
			option);
	*ret_s = clock_unix_s() - ago_s;
	return COMMAND_DONE;
}

int command_word(const char *command, const char *option, const char *word, const char *const words[], size_t n,
                 size_t *ret)
{
	char look[LOOK_MAX], all[WORDS_MAX];
	const char *near;

	if (text_find(word, words, n, ret))
		return COMMAND_DONE;
	near = text_nearest(word, words);
	(void)text_escape((struct span){word, strlen(word)}, look, sizeof look);
	return command_usage(command, "%s: \"%s\" is none of %s%s%s%s", option, look,
	                     text_list(words, n, all, sizeof all), near != NULL ? "; did you mean " : "",
	                     near != NULL ? near : "", near != NULL ? "?" : "");
}

int command_no_word(const char *command, const char *word)
{
	static const char *const none[] = {NULL};
	char look[LOOK_MAX];

	if (word[0] == '-')
		return command_no_option(command, word, none);
	(void)text_escape((struct span){word, strlen(word)}, look, sizeof look);
	return command_usage(command, "\"%s\": unexpected argument", look);
}

struct config *command_config(const struct command_env *env, int *ret_status)
{
	struct config *config = NULL;
	struct why why;
	const int rc = config_read(env->config_path, !env->config_given, &config, &why);

	if (rc < 0)
		*ret_status = command_fail(COMMAND_USAGE, &why);
	return config;
}

struct config *command_config_rest(const struct command_env *env, struct why *ret_error, int *ret_status)
{
	struct config *config = NULL;
	const int rc = config_read_rest(env->config_path, !env->config_given, &config, ret_error);

	if (rc == 0) {
		ret_error->text[0] = '\0';
		return config;
	}
	if (rc != -EINVAL && env->config_given) {
		*ret_status = command_fail(COMMAND_USAGE, ret_error);
		config_free(config);
		return NULL;
	}
	(void)fflush(stdout);
	(void)fprintf(stderr, "watchforspammers: warning: %s; using the rest of the configuration\n", ret_error->text);
	return config;
}

/* Names the group that may read path: the file's, or that of the directory that others may not search. */
static int error_not_yours(const char *path, struct why *why)
{
	const char *const slash = strrchr(path, '/');
	const struct passwd *const pw = getpwuid(geteuid());
	const struct group *group;
	char dir[PATH_MAX];
	struct stat st;

	(void)snprintf(dir, sizeof dir, "%.*s", slash == NULL ? 1 : (int)(slash - path) + 1,
	               slash == NULL ? "." : path);
	if (stat(path, &st) < 0 && stat(dir, &st) < 0)
		return why_set(why, EACCES, "%s: permission denied; try as root", path);
	group = getgrgid(st.st_gid);
	if (group == NULL || st.st_gid == 0 || (st.st_mode & S_IRGRP) == 0)
		return why_set(why, EACCES, "%s: permission denied; try as root", path);
	return why_set(why, EACCES,
	               "%s: only root and the group %s may read it; as root: adduser %s %s (then log in "
	               "again)",
	               path, group->gr_name, pw != NULL ? pw->pw_name : "YOU", group->gr_name);
}

static int error_no_database(const struct config *config, struct why *why)
{
	const char *const path = config->database.path;

	if (access(path, F_OK) == 0 || errno == EACCES)
		return error_not_yours(path, why);
	if (daemon_state(config) == DAEMON_RUNNING)
		return why_set(
			why, ENOENT,
			"%s: the database was deleted; the running daemon creates a new one, try again in a minute",
			path);
	return why_set(why, ENOENT, "%s: no database here yet; start the daemon: systemctl start watchforspammers",
	               path);
}

int command_open_database(const struct config *config, struct store **ret, struct why *why)
{
	const int rc = store_open(config->database.path, STORE_READ, ret, why);

	return rc == -ENOENT ? error_no_database(config, why) : rc;
}

struct store *command_database(const struct config *config)
{
	struct store *store = NULL;
	struct why why;

	if (command_open_database(config, &store, &why) < 0)
		(void)command_fail(COMMAND_SYSTEM, &why);
	return store;
}

void command_print_json(json_t *json)
{
	size_t len;
	char *const line = json_line(json, &len);

	(void)fwrite(line, 1, len, stdout);
	free(line);
	json_decref(json);
}
