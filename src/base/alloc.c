#include "base/alloc.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"

_Noreturn void alloc_failed(size_t bytes, const char *what)
{
	if (bytes > 0)
		log_line(LOG_ALERT, "out of memory: cannot allocate %zu bytes for %s", bytes, what);
	else
		log_line(LOG_ALERT, "out of memory: cannot allocate %s", what);
	abort();
}

void *alloc_check(void *p, size_t bytes, const char *what)
{
	if (p == NULL)
		alloc_failed(bytes, what);
	return p;
}

/* For the message: returns SIZE_MAX if the product overflows. */
static size_t product(size_t n, size_t size)
{
	size_t bytes;

	return __builtin_mul_overflow(n, size, &bytes) ? SIZE_MAX : bytes;
}

void *alloc_zero(size_t n, size_t size, const char *what)
{
	return alloc_check(calloc(n > 0 ? n : 1, size), product(n, size), what);
}

void *alloc_raw(size_t n, size_t size, const char *what)
{
	return alloc_resize(NULL, n, size, what);
}

void *alloc_aligned(size_t align, size_t bytes, const char *what)
{
	return alloc_check(aligned_alloc(align, bytes), bytes, what);
}

void *alloc_resize(void *p, size_t n, size_t size, const char *what)
{
	return alloc_check(reallocarray(p, n > 0 ? n : 1, size), product(n, size), what);
}

/* The array is full at each power of two and then doubles, so growing costs constant amortised time per element. */
void *alloc_one_more(void *p, size_t n, size_t size, const char *what)
{
	return (n & (n - 1)) == 0 ? alloc_resize(p, n == 0 ? 1 : 2 * n, size, what) : p;
}

char *alloc_text(const char *text, const char *what)
{
	return alloc_text_n(text, strlen(text), what);
}

char *alloc_text_n(const char *text, size_t len, const char *what)
{
	return alloc_check(strndup(text, len), len + 1, what);
}

char *alloc_vformat(const char *what, const char *fmt, va_list ap)
{
	char *text;

	return vasprintf(&text, fmt, ap) < 0 ? alloc_check(NULL, 0, what) : text;
}

char *alloc_format(const char *what, const char *fmt, ...)
{
	va_list ap;
	char *text;

	va_start(ap, fmt);
	text = alloc_vformat(what, fmt, ap);
	va_end(ap);
	return text;
}
