/*
 * evidence: a piece of evidence: whom it is about, whether it counts, and noting it. What follows from it is
 * verdict.c's.
 *
 * Private to the folder. Each function may move entries of the table of clients, except where it takes a
 * const verdict.
 */
#ifndef WFS_VERDICT_EVIDENCE_H
#define WFS_VERDICT_EVIDENCE_H

#include "verdict/state.h"

/* Its time: a future one counts as now. */
uint32_t evidence_time(const struct verdict *v, int64_t time_s);

/* The subject that addr's evidence adds to. */
struct net evidence_subject(const struct verdict *v, const struct addr *addr);

/* The ports that a block because of it closes. */
uint8_t evidence_list(const struct verdict *v, const struct verdict_evidence *e);

/* What is not younger than this does not count. Failed logins are kept longer than the rest. */
uint32_t evidence_horizon(const struct verdict *v, const struct verdict_evidence *e);

/* Whether evidence about the subject counts: VERDICT_COUNTED, and *ret is the subject's entry. */
enum verdict_outcome evidence_admit(struct verdict *v, const struct net *subject, const struct verdict_evidence *e,
                                    bool credit, struct tracked **ret);

/* A score that counts, of a failed login that repeats another (0), or of anything else. Moves no entry. */
void evidence_add(struct verdict *v, struct tracked *t, const struct verdict_evidence *e, int score, uint32_t repeats);

/* Good evidence came on that day: once the subject is proven good, its network notes it too. */
void evidence_note_good(struct verdict *v, const struct net *subject, uint32_t day);

/*
 * The network and the account of a hit that counts; most: the scores of its subject come to no more. Returns
 * the network's entry; NULL: the scores of its clients are not added up.
 */
struct tracked *evidence_note_target(struct verdict *v, const struct verdict_evidence *e, unsigned most);

#endif
