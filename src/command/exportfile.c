#include "command/exportfile.h"

#include "command/listed.h"
#include "report/replace.h"
#include "store/query.h"

static int read_listed(const struct config *config, struct store *store, int64_t now_s, struct export_list *ret,
                       struct why *why)
{
	struct blocklist *list;
	const struct nets *nets;
	const int rc = listed_read(config, store, now_s, &list, why);

	if (rc < 0)
		return rc;
	nets = blocklist_nets(list);
	for (size_t i = 0; i < nets->n; i++)
		export_add_listed(ret, &nets->list[i]);
	blocklist_free(list);
	return 0;
}

int exportfile_read(const struct config *config, struct store *store, int64_t now_s, struct export_list *ret,
                    struct why *why)
{
	static const struct query_bound everything = {0, 0};
	struct query_block block;
	int rc;

	query_active(store, now_s, everything);
	while ((rc = query_next_block(store, &block, why)) == 0)
		export_add_block(ret, &block);
	return rc < 0 ? rc : read_listed(config, store, now_s, ret, why);
}

int exportfile_write(const struct export_list *list, enum export_format format, int64_t now_s, const char *path,
                     struct why *why)
{
	struct replace file;
	int rc = replace_open(&file, path, why);

	if (rc < 0)
		return rc;
	export_write(list, format, now_s, file.out);
	return replace_commit(&file, why);
}
