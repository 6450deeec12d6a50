/*
 * lists: one backend, once for each list of ports: list 0, and those of root_config.more, each with a chain and lists
 * (or a table) of its own, so that a backend knows of one list only. What is in several lists is closed out of all
 * their ports.
 *
 * The functions are those of backend.h, for all lists together; an entry says which one it is in (list, below the
 * number of lists: root.c checks it). Errors as of backend.h.
 */
#ifndef WFS_ROOT_LISTS_H
#define WFS_ROOT_LISTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "root/backend.h"

struct lists;

/* config: borrowed until lists_close. After an error nothing is open. */
int lists_open(const struct backend *backend, const struct root_config *config, struct lists **ret,
               const char **ret_without6, struct why *why);

/* n4, n6: of all lists; each is made large enough for all. */
int lists_prepare(struct lists *lists, uint32_t n4, uint32_t n6, bool *ret_repaired, struct why *why);

int lists_add(struct lists *lists, const struct backend_entry *entries, size_t n, struct backend_refused *refused,
              struct why *why);
int lists_del(struct lists *lists, const struct backend_entry *entries, size_t n, struct why *why);

/* *cursor: 0 first; 0 afterwards: that was all; else *ret_n is not 0. At most cap. */
int lists_list(struct lists *lists, uint32_t *cursor, struct backend_entry *out, size_t cap, size_t *ret_n,
               struct why *why);

/* The same, of those that dropped packets. -EOPNOTSUPP: the backend watches nothing. */
int lists_dropped(struct lists *lists, uint32_t *cursor, struct backend_entry *out, size_t cap, size_t *ret_n,
                  struct why *why);

/* Fills idle_s, dropped and bytes of each. */
int lists_look(struct lists *lists, struct backend_entry *entries, size_t n, struct why *why);

int lists_floods(struct lists *lists, struct addr *out, size_t cap, size_t *ret_n, struct why *why);

/* What is held: of all lists; capacity: of each. */
void lists_limits(const struct lists *lists, struct backend_limits *ret);

/* -1: the backend watches nothing. */
int lists_watched(const struct lists *lists);
bool lists_changed(struct lists *lists, struct backend_change *ret);

/* What came before is added to what came last, which says who it was. *last: added to. */
void lists_add_change(struct backend_change *last, const struct backend_change *before);

/* Closes all of them, also after an error. Accepts NULL. */
int lists_close(struct lists *lists, enum backend_end end, struct why *why);

int lists_clean(const struct backend *backend, const struct root_config *config, bool *ret_removed, struct why *why);

/* Removes what a daemon with another backend left; NULL: with any. *ret_removed: something was there. */
int lists_clean_others(const struct backend *backend, const struct root_config *config, bool *ret_removed,
                       struct why *why);

#endif
