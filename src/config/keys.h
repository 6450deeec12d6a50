/*
 * keys: the one table of the keys of watchforspammers.conf, with their defaults and readers.
 *
 * Private to the folder.
 */
#ifndef WFS_CONFIG_KEYS_H
#define WFS_CONFIG_KEYS_H

#include "config/values.h"

enum { KEYS_NEAR_MAX = 80 };

struct config_row {
	struct config_key key;
	value_reader *read;
	size_t at; /* as in struct value */
	int64_t min, max;
	bool repeatable; /* several lines add up */
};

/* Returns the row of a key, or NULL. Any "ports.NAME" has the row of "ports". */
const struct config_row *keys_find(const char *section, const char *key);

bool keys_have_section(const char *section);

/*
 * Reads a value. Returns NULL, or what a valid value would be (see values.h), written to want. key: as written;
 * is_given: false for the row's default.
 */
const char *keys_read(const struct config_row *row, struct config *config, const char *key, const char *text,
                      bool is_given, char want[static VALUE_WANT_MAX]);

/* Sets every key to its default. */
void keys_read_defaults(struct config *config);

/*
 * Writes "; did you mean ...?" for a word that is no section (section NULL) or no key of the section; or "". Returns
 * out.
 */
const char *keys_proposal(const char *section, const char *word, char out[static KEYS_NEAR_MAX]);

#endif
