/*
 * command: what the commands share. Each command is a file in this folder; commands are thin: parse, call, print.
 *
 * main removes the options -c, -h, -V, --json and --utc wherever they appear; a command sees the rest. Exit status: 0
 * done; 1 the answer is no; 2 usage or configuration error; 3 system error.
 */
#ifndef WFS_COMMAND_COMMAND_H
#define WFS_COMMAND_COMMAND_H

#include <getopt.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/json.h"
#include "base/text.h"
#include "base/why.h"
#include "config/config.h"
#include "store/store.h"

enum command_status {
	COMMAND_DONE = 0,
	COMMAND_NO = 1,
	COMMAND_USAGE = 2, /* also configuration errors */
	COMMAND_SYSTEM = 3,
};

struct command_env {
	const char *config_path;
	bool config_given; /* by -c; the file must then exist */
	bool json;
	bool utc; /* print times for people in UTC; otherwise in the local zone */
};

/* The commands. argv[0] is the command's name. */
int command_backup(int argc, char **argv, const struct command_env *env);
int command_check(int argc, char **argv, const struct command_env *env);
int command_cleanup(int argc, char **argv, const struct command_env *env);
int command_events(int argc, char **argv, const struct command_env *env);
int command_explain(int argc, char **argv, const struct command_env *env);
int command_export(int argc, char **argv, const struct command_env *env);
int command_import(int argc, char **argv, const struct command_env *env);
int command_list(int argc, char **argv, const struct command_env *env);
int command_note(int argc, char **argv, const struct command_env *env);
/* block, unblock, allow and the other orders */
int command_order(int argc, char **argv, const struct command_env *env);
int command_replay(int argc, char **argv, const struct command_env *env);
int command_report(int argc, char **argv, const struct command_env *env);
int command_run(int argc, char **argv, const struct command_env *env);
int command_spf(int argc, char **argv, const struct command_env *env);
int command_status(int argc, char **argv, const struct command_env *env);
int command_why(int argc, char **argv, const struct command_env *env);

/* Prints "watchforspammers: sentence" on standard error. Returns status. */
int command_fail(int status, const struct why *why);

/* The same for wrong usage of a command ("": of the program), with a hint. Returns COMMAND_USAGE. */
int command_usage(const char *command, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/*
 * Call it before reading log lines from standard input, and before opening anything, which would get the number of a
 * closed standard input. Returns COMMAND_DONE, with a hint on standard error if a person is to type the lines; if
 * standard input is closed, COMMAND_USAGE after reporting it.
 */
int command_wait_for_lines(const char *command);

/* Reports an option that the command does not have. options: those it has, NULL-terminated. Returns COMMAND_USAGE. */
int command_no_option(const char *command, const char *word, const char *const options[]);

/* The same after getopt_long failed in argv: an unknown option, or one without its value. */
int command_no_getopt(char **argv, const struct option *options);

/*
 * Parses all options of argv. take receives each one, with its value in optarg, and returns COMMAND_DONE, or
 * COMMAND_USAGE after reporting an error. Returns the same. The remaining words begin at optind. request: where take
 * stores the values.
 */
typedef int command_take_option(int option, void *request);
int command_options(int argc, char **argv, const struct option *options, command_take_option *take, void *request);

/*
 * Parses the value of an option that is a time: either as time_parse does, or as a duration ago, "7d". The duration
 * needs a unit, because a plain number could be meant as a year. Returns COMMAND_DONE, or COMMAND_USAGE after
 * reporting.
 */
int command_time(const char *command, const char *option, const char *word, bool utc, int64_t *ret_s);

/* Parses the value of an option that is one of n words into its index. words: NULL-terminated. Returns likewise. */
int command_word(const char *command, const char *option, const char *word, const char *const words[], size_t n,
                 size_t *ret);

/* Reports a surplus word. Returns COMMAND_USAGE. */
int command_no_word(const char *command, const char *word);

/* Reads the configuration. On failure prints why, sets *ret_status and returns NULL. */
struct config *command_config(const struct command_env *env, int *ret_status);

/*
 * The same for commands that only need to find the daemon, its database or its rules: if the file has errors, they
 * warn and use the valid part. Returns NULL only if a file given by -c cannot be read at all. ret_error: "" if there
 * was none.
 */
struct config *command_config_rest(const struct command_env *env, struct why *ret_error, int *ret_status);

/* Opens the configured database for reading. Errors: those of store_open, with the remedy. */
int command_open_database(const struct config *config, struct store **ret, struct why *why);

/* The same, but on failure prints why and returns NULL. */
struct store *command_database(const struct config *config);

/* Prints one line on standard output. Consumes the reference. */
void command_print_json(json_t *json);

#endif
