#include "command/exportfile.h"

#include "report/replace.h"
#include "store/query.h"

int exportfile_read(struct store *store, int64_t now_s, struct export_list *ret, struct why *why)
{
	static const struct query_bound everything = {0, 0};
	struct query_block block;
	int rc;

	query_active(store, now_s, everything);
	while ((rc = query_next_block(store, &block, why)) == 0)
		export_add_block(ret, &block);
	return rc < 0 ? rc : 0;
}

int exportfile_write(const struct export_list *list, enum export_format format, int64_t now_s,
                     const char *path, struct why *why)
{
	struct replace file;
	int rc = replace_open(&file, path, why);

	if (rc < 0)
		return rc;
	export_write(list, format, now_s, file.out);
	return replace_commit(&file, why);
}
