/*
 * alloc: memory, or the end of the process.
 *
 * A daemon that cannot allocate a few kilobytes cannot decide anything either; systemd restarts it, and what it knew is
 * in the database. So no caller checks for NULL: each of these logs how much could not be allocated and for what,
 * then aborts. what: a noun for that sentence, "the table of clients"; a literal. The caller frees with free(3).
 * n 0 counts as 1, so the result is never NULL.
 */
#ifndef WFS_ALLOC_H
#define WFS_ALLOC_H

#include <stdarg.h>
#include <stddef.h>

/* n elements of this size, zeroed. */
void *alloc_zero(size_t n, size_t size, const char *what) __attribute__((malloc, alloc_size(1, 2)));

/* n elements of this size, not initialised. */
void *alloc_raw(size_t n, size_t size, const char *what) __attribute__((malloc, alloc_size(1, 2)));

/* p, now of n elements of this size; as reallocarray(3). */
void *alloc_resize(void *p, size_t n, size_t size, const char *what) __attribute__((alloc_size(2, 3)));

/* p with place for one more element than its n; for a list that only ever grew by this, from NULL. */
void *alloc_one_more(void *p, size_t n, size_t size, const char *what);

/* bytes at a multiple of align, a power of two. */
void *alloc_aligned(size_t align, size_t bytes, const char *what) __attribute__((malloc, alloc_size(2)));

/* A copy of text; of its first len bytes at most; a sentence. */
char *alloc_text(const char *text, const char *what) __attribute__((malloc));
char *alloc_text_n(const char *text, size_t len, const char *what) __attribute__((malloc));
char *alloc_format(const char *what, const char *fmt, ...) __attribute__((malloc, format(printf, 2, 3)));
char *alloc_vformat(const char *what, const char *fmt, va_list ap) __attribute__((malloc, format(printf, 2, 0)));

/* p, which another library allocated and which must not be NULL; bytes 0: the size is not known. */
void *alloc_check(void *p, size_t bytes, const char *what);

/* For callers with another allocator: logs and aborts. */
_Noreturn void alloc_failed(size_t bytes, const char *what);

#endif
