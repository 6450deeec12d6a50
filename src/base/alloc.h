/*
 * alloc: allocates memory, or aborts the process.
 *
 * A daemon that cannot allocate a few kilobytes cannot decide anything either; systemd restarts it, and its state is in
 * the database. So no caller checks for NULL: each function logs how much could not be allocated and for what, then
 * aborts. what: a noun for that sentence, such as "the table of clients"; a literal. The caller frees with free(3).
 * n 0 counts as 1, so the result is never NULL.
 */
#ifndef WFS_BASE_ALLOC_H
#define WFS_BASE_ALLOC_H

#include <stdarg.h>
#include <stddef.h>

/* Allocates n zeroed elements of this size. */
void *alloc_zero(size_t n, size_t size, const char *what) __attribute__((malloc, alloc_size(1, 2)));

/* Allocates n elements of this size, not initialised. */
void *alloc_raw(size_t n, size_t size, const char *what) __attribute__((malloc, alloc_size(1, 2)));

/* Resizes p to n elements of this size, like reallocarray(3). */
void *alloc_resize(void *p, size_t n, size_t size, const char *what) __attribute__((alloc_size(2, 3)));

/*
 * Returns p with space for one more element than its n. Only for an array that grew by this function alone, from NULL.
 */
void *alloc_one_more(void *p, size_t n, size_t size, const char *what);

/* Allocates bytes at an address that is a multiple of align, a power of two. */
void *alloc_aligned(size_t align, size_t bytes, const char *what) __attribute__((malloc, alloc_size(2)));

/* Allocate a NUL-ended copy of text, a copy of at most its first len bytes, or a formatted text. */
char *alloc_text(const char *text, const char *what) __attribute__((malloc));
char *alloc_text_n(const char *text, size_t len, const char *what) __attribute__((malloc));
char *alloc_format(const char *what, const char *fmt, ...) __attribute__((malloc, format(printf, 2, 3)));
char *alloc_vformat(const char *what, const char *fmt, va_list ap) __attribute__((malloc, format(printf, 2, 0)));

/*
 * Returns p, which another library allocated, and aborts if it is NULL. bytes is for the message; 0 if the size is
 * unknown.
 */
void *alloc_check(void *p, size_t bytes, const char *what);

/* Logs and aborts. For callers with another allocator. */
_Noreturn void alloc_failed(size_t bytes, const char *what);

#endif
