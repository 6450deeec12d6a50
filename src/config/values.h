/*
 * values: the forms that values in watchforspammers.conf have, and how each gets into struct config.
 *
 * Private to the folder. A reader gets one value and puts it where the key's row says. It returns NULL, or what would
 * have been right, as a sentence goes on after "want": a constant, or made in v->want. A wrong value may have been put
 * there in part. values_firewall.c has those of [firewall] and [gate], values_lists.c those that are lists of
 * addresses, names or files, values.c the rest.
 */
#ifndef WFS_CONFIG_VALUES_H
#define WFS_CONFIG_VALUES_H

#include "config/config.h"

enum {
	VALUE_NAME_MAX_LEN = 23, /* of chains and lists, see firewall/message.h */
	VALUE_WANT_MAX = 256,    /* bytes of "a whole number from 1 to 1000000" and the like */
};

struct value {
	struct config *config;
	size_t at;        /* of the member in struct config, for readers that serve several keys */
	int64_t min, max; /* of a number, or of a duration in seconds */
	const char *key;  /* as it is written: "ports.auth" */
	const char *text; /* without blanks around it */
	bool is_given;    /* in a file; false: the default */
	char want[VALUE_WANT_MAX];
};

typedef const char *value_reader(struct value *v);

/* int64_t at v->at. */
value_reader value_number;
value_reader value_network;  /* but not 1: one address is no network */
value_reader value_times;    /* "3x": three times block.threshold, as -3 */
value_reader value_duration; /* seconds */

/* char * at v->at. */
value_reader value_text;      /* may be empty */
value_reader value_word;      /* a chain's name */
value_reader value_sets;      /* a list's name, or those of a table and a set */
value_reader value_path;      /* absolute */
value_reader value_directory; /* the same, or empty */
value_reader value_socket;    /* the same, short enough for a socket, or empty */
value_reader value_namespace; /* a word that is part of a file's name, or empty */
value_reader value_prefix;    /* of a line in the kernel's log */
value_reader value_backend;
value_reader value_format; /* of export.file */

value_reader value_boolean; /* bool at v->at */

/* struct config_words at v->at; they add up. */
value_reader value_names;   /* of hosts */
value_reader value_domains; /* of mail */
value_reader value_clients; /* patterns of such names */
value_reader value_files;   /* absolute paths */

/* One key each. */
value_reader value_durations; /* block.for */
value_reader value_slow;      /* block.slow */
value_reader value_addresses; /* allow.address; they add up */
value_reader value_dns_list;  /* dns.list; they add up */
value_reader value_hooks;
value_reader value_chains; /* firewall.jump_from */
value_reader value_ports;  /* and any "ports.NAME" */
value_reader value_action;
value_reader value_sessions;
value_reader value_rate;     /* firewall.connections */
value_reader value_gate;     /* any key of [gate NAME], of the section that was read last */
value_reader value_loopback; /* control.tcp */
value_reader value_dirs;     /* run.patterns */
value_reader value_reading;  /* journal.read */

/* --- what the files share --- */

/* Copies the text to v->at. */
void value_keep(struct value *v);

/* A whole number within these. False: it is none. */
bool value_whole(const char *text, long long min, long long max, int64_t *ret);

/* The index of the word among n, whatever their case. False: it is not there. */
bool value_one_of(const char *text, const char *const words[], size_t n, size_t *ret);

/* NULL: it can be the name of a chain or a list; else what is wanted. */
const char *value_wanted_name(const char *text);

/* Frees what an earlier file or the default had. */
void value_clear(char *list[], size_t *n);

#endif
