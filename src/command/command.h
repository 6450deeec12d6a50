/*
 * command: what the commands share. One file per command beside this one; thin: parse, call, print.
 *
 * Options -c, -h, -V, --json and --utc are removed by main wherever they appear; a command sees the rest.
 * Exit status: 0 done; 1 the answer is no; 2 usage or configuration; 3 an error of the system.
 */
#ifndef WFS_COMMAND_H
#define WFS_COMMAND_H

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
	COMMAND_USAGE = 2, /* and configuration */
	COMMAND_SYSTEM = 3,
};

struct command_env {
	const char *config_path;
	bool config_given; /* by -c: then it must exist */
	bool json;
	bool utc; /* times for people are of UTC, else of the local zone */
};

/* argv[0] is the command's name. */
int command_backup(int argc, char **argv, const struct command_env *env);
int command_check(int argc, char **argv, const struct command_env *env);
int command_cleanup(int argc, char **argv, const struct command_env *env);
int command_events(int argc, char **argv, const struct command_env *env);
int command_explain(int argc, char **argv, const struct command_env *env);
int command_export(int argc, char **argv, const struct command_env *env);
int command_import(int argc, char **argv, const struct command_env *env);
int command_list(int argc, char **argv, const struct command_env *env);
int command_note(int argc, char **argv, const struct command_env *env);
int command_order(int argc, char **argv, const struct command_env *env); /* block ... note */
int command_replay(int argc, char **argv, const struct command_env *env);
int command_report(int argc, char **argv, const struct command_env *env);
int command_run(int argc, char **argv, const struct command_env *env);
int command_spf(int argc, char **argv, const struct command_env *env);
int command_status(int argc, char **argv, const struct command_env *env);
int command_why(int argc, char **argv, const struct command_env *env);

/* "watchforspammers: sentence" on standard error; returns status. */
int command_fail(int status, const struct why *why);

/* The same for a wrong use of a command ("": of the program), with a hint; returns COMMAND_USAGE. */
int command_usage(const char *command, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/*
 * Before a command reads log lines from standard input: COMMAND_DONE, with a hint on standard error when a person is to
 * type them; COMMAND_USAGE, after reporting it, when it is closed. Before anything is opened, which would get its
 * number.
 */
int command_wait_for_lines(const char *command);

/* The same for an option that the command does not have; options: NULL-ended, those it has. Returns COMMAND_USAGE. */
int command_no_option(const char *command, const char *word, const char *const options[]);

/* The same after getopt_long found nothing of these in argv: no such option, or one without its value. */
int command_no_getopt(char **argv, const struct option *options);

/*
 * All options of argv, one after the other: take gets each, with its value in optarg, and returns COMMAND_DONE, or
 * COMMAND_USAGE after reporting why. Returns the same; the words that are left begin at optind. request: what take puts
 * them into.
 */
typedef int command_take_option(int option, void *request);
int command_options(int argc, char **argv, const struct option *options, command_take_option *take, void *request);

/*
 * The value of an option that is a time, as time_parse reads it, or how long ago it was: "7d", always with a unit,
 * because a number alone may be meant as a year. The same.
 */
int command_time(const char *command, const char *option, const char *word, bool utc, int64_t *ret_s);

/* The value of an option that is one of n words: its index. words: ends with NULL behind them. The same. */
int command_word(const char *command, const char *option, const char *word, const char *const words[], size_t n,
                 size_t *ret);

/* The same for a word too many. */
int command_no_word(const char *command, const char *word);

/* Reads the config; on failure prints why and returns NULL with *ret_status set. */
struct config *command_config(const struct command_env *env, int *ret_status);

/*
 * The same for commands that only need to find the daemon, its database or its rules: they go on with what is good of a
 * file with errors, and warn. NULL only when a file that was named cannot be read at all. ret_error: "" when there was
 * none.
 */
struct config *command_config_rest(const struct command_env *env, struct why *ret_error, int *ret_status);

/* Opens the config's database for reading. Errors: of store_open, with what to do about it. */
int command_open_database(const struct config *config, struct store **ret, struct why *why);

/* The same; on failure prints why and returns NULL. */
struct store *command_database(const struct config *config);

/* One line on standard output; consumes the reference. */
void command_print_json(json_t *json);

#endif
