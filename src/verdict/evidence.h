/*
 * evidence: handles a piece of evidence: which subject it is about, whether it counts, and recording it. verdict.c
 * decides what follows from it.
 *
 * Private to the folder. Functions may move entries of the table of clients, except those with a const verdict.
 */
#ifndef WFS_VERDICT_EVIDENCE_H
#define WFS_VERDICT_EVIDENCE_H

#include "verdict/state.h"

/* Returns the time of evidence; a future time counts as now. */
uint32_t evidence_time(const struct verdict *v, int64_t time_s);

/* Returns the subject that evidence about addr counts for. */
struct net evidence_subject(const struct verdict *v, const struct addr *addr);

/* Returns the port list that a block because of this evidence closes. */
uint8_t evidence_list(const struct verdict *v, const struct verdict_evidence *e);

/* Returns the time that evidence must be after to count. Failed logins are kept longer than the rest. */
uint32_t evidence_horizon(const struct verdict *v, const struct verdict_evidence *e);

/*
 * Returns VERDICT_COUNTED, with the subject's entry in *ret, if evidence about the subject counts; otherwise the reason
 * why it does not. credit: it is a delivery or a login.
 */
enum verdict_outcome evidence_admit(struct verdict *v, const struct net *subject, const struct verdict_evidence *e,
                                    bool credit, struct tracked **ret);

/*
 * Adds a score that counts: 0 for a failed login that repeats another. repeats: the score that it repeats, or NULL.
 * Moves no entry.
 */
void evidence_add(struct verdict *v, struct tracked *t, const struct verdict_evidence *e, int score,
                  struct score *repeats);

/*
 * Records good evidence on that day. Once the subject is proven good, its network records the day too; returns true if
 * the network is blocked.
 */
bool evidence_note_good(struct verdict *v, const struct net *subject, uint32_t day);

/*
 * Records a hit that counts for its network and its account. most: an upper limit of the scores of its subject. Returns
 * the network's entry, or NULL if the scores of its clients are not added up.
 */
struct tracked *evidence_note_target(struct verdict *v, const struct verdict_evidence *e, unsigned most);

#endif
