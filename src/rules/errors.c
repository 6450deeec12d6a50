#include "rules/errors.h"

#include <stdarg.h>
#include <stdlib.h>

#include "base/alloc.h"

void rulefile_error(struct rulefile_errors *errors, const char *fmt, ...)
{
	va_list ap;

	errors->text = alloc_one_more(errors->text, errors->n, sizeof *errors->text, "errors in rules");
	va_start(ap, fmt);
	errors->text[errors->n++] = alloc_vformat("an error in rules", fmt, ap);
	va_end(ap);
}

void rulefile_errors_done(struct rulefile_errors *errors)
{
	for (size_t i = 0; i < errors->n; i++)
		free(errors->text[i]);
	free(errors->text);
	free(errors->file);
	*errors = (struct rulefile_errors){0};
}
