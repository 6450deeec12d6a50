/*
 * values: reads each kind of value in watchforspammers.conf into struct config.
 *
 * Private to the folder. A reader reads one value and stores it where the key's row says. It returns NULL, or what a
 * valid value would be, as a phrase that follows "want": a constant, or written to v->want. A wrong value may have been
 * stored partly. values_firewall.c has the readers for [firewall] and [gate], values_lists.c those for lists of
 * addresses, names or files, values.c the rest.
 */
#ifndef WFS_CONFIG_VALUES_H
#define WFS_CONFIG_VALUES_H

#include "config/config.h"

enum {
	VALUE_NAME_MAX_LEN = 23, /* of names of chains and lists, see firewall/message.h */
	VALUE_WANT_MAX = 256,    /* bytes for "a whole number from 1 to 1000000" and the like */
};

struct value {
	struct config *config;
	size_t at;        /* offset of the member in struct config, for readers that serve several keys */
	int64_t min, max; /* limits of a number, or of a duration in seconds */
	const char *key;  /* as written: "ports.auth" */
	const char *text; /* without blanks around it */
	bool is_given;    /* true: from a file; false: the default */
	char want[VALUE_WANT_MAX];
};

typedef const char *value_reader(struct value *v);

/* These store an int64_t at v->at. */
value_reader value_number;
value_reader value_network;  /* a number, but not 1: one address is no network */
value_reader value_times;    /* a number, or "3x" for three times block.threshold, stored as -3 */
value_reader value_duration; /* seconds */

/* These store a char * at v->at. */
value_reader value_text;      /* any text, also empty */
value_reader value_word;      /* the name of a chain */
value_reader value_sets;      /* the name of a list, or of a table and a set in it */
value_reader value_path;      /* absolute */
value_reader value_directory; /* an absolute path, or empty */
value_reader value_socket;    /* an absolute path short enough for a socket, or empty */
value_reader value_namespace; /* a word that is part of a file name, or empty */
value_reader value_prefix;    /* the prefix of a line in the kernel's log */
value_reader value_backend;
value_reader value_format; /* a format for export.file */

value_reader value_boolean; /* stores a bool at v->at */

/* These add to the struct config_words at v->at. */
value_reader value_names;   /* host names */
value_reader value_domains; /* mail domains */
value_reader value_clients; /* patterns of host names */
value_reader value_files;   /* absolute paths */

/* These serve one key each. */
value_reader value_durations; /* block.for */
value_reader value_slow;      /* block.slow */
value_reader value_addresses; /* allow.address; values add up */
value_reader value_dns_list;  /* dns.list; values add up */
value_reader value_hooks;
value_reader value_chains; /* firewall.jump_from */
value_reader value_ports;  /* firewall.ports and any "ports.NAME" */
value_reader value_action;
value_reader value_sessions;
value_reader value_rate;     /* firewall.connections */
value_reader value_gate;     /* any key of the [gate NAME] section that was read last */
value_reader value_loopback; /* control.tcp */
value_reader value_dirs;     /* run.patterns */
value_reader value_reading;  /* journal.read */

/* --- shared by the files of the readers --- */

/* Copies the text to v->at. */
void value_keep(struct value *v);

/* Reads a whole number from min to max. Returns false if the text is not one. */
bool value_whole(const char *text, long long min, long long max, int64_t *ret);

/* Finds the index of the word among n words, ignoring case. Returns false if it is not there. */
bool value_one_of(const char *text, const char *const words[], size_t n, size_t *ret);

/* Returns NULL if the text can be the name of a chain or a list, else what is wanted. */
const char *value_wanted_name(const char *text);

/* Frees the values of an earlier file or the default. */
void value_clear(char *list[], size_t *n);

#endif
