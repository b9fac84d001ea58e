// SPDX-License-Identifier: GPL-2.0-only
/*
 * Text -> document -> draft -> catalog. Each step reports all that it finds wrong (document.c,
 * catalog_draft.c, catalog_check.c); the last is only taken when nothing was.
 */
#include "catalog.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "catalog_draft.h"
#include "document.h"
#include "xalloc.h"

static int backend_compare(const void *left, const void *right)
{
	return strcmp(((const struct catalog_backend *)left)->name,
		      ((const struct catalog_backend *)right)->name);
}

static int pool_compare(const void *left, const void *right)
{
	return strcmp(((const struct catalog_pool *)left)->name,
		      ((const struct catalog_pool *)right)->name);
}

static int service_compare(const void *left, const void *right)
{
	return strcmp(((const struct catalog_service *)left)->name,
		      ((const struct catalog_service *)right)->name);
}

static void build_pool(struct catalog_pool *pool, const struct pool_row *row)
{
	*pool = row->pool;
	strcpy(pool->name, row->name); /* draft_read() has checked that names fit */
	pool->backends = xcalloc(row->backend_count, sizeof(*pool->backends));
	pool->backend_count = row->backend_count;
	for (size_t i = 0; i < row->backend_count; i++) {
		pool->backends[i] = row->backends[i].backend;
		strcpy(pool->backends[i].name, row->backends[i].name);
	}
	qsort(pool->backends, pool->backend_count, sizeof(*pool->backends), backend_compare);
}

static void build_service(struct catalog_service *service, const struct service_row *row,
			  const struct catalog *catalog)
{
	*service = row->service;
	strcpy(service->name, row->name);
	service->pool = catalog_find_pool(catalog, row->pool) - catalog->pools;
}

/* A draft without errors; the catalog takes over the document. */
static struct catalog *build(const struct draft *draft)
{
	struct catalog *catalog = xcalloc(1, sizeof(*catalog));

	catalog->seed = xstrdup(draft->seed);
	catalog->echo = draft->echo;
	catalog->json = draft->json;
	catalog->pools = xcalloc(draft->pool_count, sizeof(*catalog->pools));
	catalog->pool_count = draft->pool_count;
	for (size_t i = 0; i < draft->pool_count; i++)
		build_pool(&catalog->pools[i], &draft->pools[i]);
	qsort(catalog->pools, catalog->pool_count, sizeof(*catalog->pools), pool_compare);

	catalog->services = xcalloc(draft->service_count, sizeof(*catalog->services));
	catalog->service_count = draft->service_count;
	for (size_t i = 0; i < draft->service_count; i++)
		build_service(&catalog->services[i], &draft->services[i], catalog);
	qsort(catalog->services, catalog->service_count, sizeof(*catalog->services),
	      service_compare);
	return catalog;
}

/* An error of the file as a whole. */
static void add_file_error(struct err_list *errors, const char *file, const char *text,
			   const char *reason)
{
	struct err *err = err_list_add(errors);

	err_set(err, 0, "%s%s%s", text, reason ? ": " : "", reason ? reason : "");
	snprintf(err->file, sizeof(err->file), "%s", file ? file : "");
}

/* Takes json; NULL when report says why there is none. */
static int read_document(struct report *report, json_t *json, struct catalog **out,
			 struct err_list *errors)
{
	struct draft draft = {0};
	int code = 0;

	if (json) {
		draft_read(&draft, report, json);
		draft_check(&draft, report);
	}
	if (report->count == 0) {
		*out = build(&draft);
	} else {
		report_tell(report, errors);
		json_decref(json);
		code = -EINVAL;
	}
	draft_done(&draft);
	report_done(report);
	return code;
}

int catalog_parse(const char *text, size_t length, const char *file, struct catalog **out,
		  struct err_list *errors)
{
	struct report report = {.text = text, .length = length, .file = file};

	if (length > DOCUMENT_MAX) {
		add_file_error(errors, file, "larger than 64 MiB", NULL);
		return -EINVAL;
	}
	return read_document(&report, document_parse(&report), out, errors);
}

int catalog_from_json(json_t *json, const char *text, struct catalog **out, struct err_list *errors)
{
	struct report report = {.text = text, .length = strlen(text), .file = ""};

	return read_document(&report, json_incref(json), out, errors);
}

/* Reads on until one byte more than the limit, so that the parser sees that there is more. */
static int read_all(int fd, char **out, size_t *out_length)
{
	size_t length = 0, room = 0;
	char *text = NULL;

	for (;;) {
		ssize_t count;

		if (length == room) {
			room = room ? 2 * room : 64 * 1024;
			text = xrealloc_array(text, room, 1);
		}
		count = read(fd, text + length, room - length);
		if (count < 0 && errno == EINTR)
			continue;
		if (count < 0) {
			int code = -errno;

			free(text);
			return code;
		}
		length += count;
		if (count == 0 || length > DOCUMENT_MAX)
			break;
	}
	*out = text;
	*out_length = length;
	return 0;
}

int catalog_load(const char *file, struct catalog **out, struct err_list *errors)
{
	/* Not blocked by a FIFO, which is told apart below. */
	int fd = open(file, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	size_t length = 0;
	char *text = NULL;
	struct stat kind;
	int code;

	if (fd < 0) {
		code = -errno;
		add_file_error(errors, file, "cannot be opened", strerror(-code));
		return code;
	}
	if (!fstat(fd, &kind) && !S_ISREG(kind.st_mode) && !S_ISDIR(kind.st_mode)) {
		close(fd);
		add_file_error(errors, file, "cannot be read", "not a file");
		return -EINVAL;
	}
	code = read_all(fd, &text, &length);
	close(fd);
	if (code < 0) {
		add_file_error(errors, file, "cannot be read", strerror(-code));
		return code;
	}
	code = catalog_parse(text, length, file, out, errors);
	free(text);
	return code;
}

void catalog_free(struct catalog *catalog)
{
	if (!catalog)
		return;
	for (size_t i = 0; i < catalog->pool_count; i++)
		free(catalog->pools[i].backends);
	free(catalog->pools);
	free(catalog->services);
	free(catalog->seed);
	json_decref(catalog->json);
	free(catalog);
}

char *catalog_text(const json_t *json)
{
	char *text = xcheck(json_dumps(json, JSON_INDENT(2) | JSON_ENCODE_ANY));
	size_t length = strlen(text);

	text = xrealloc_array(text, length + 2, 1);
	strcpy(text + length, "\n");
	return text;
}

const struct catalog_pool *catalog_find_pool(const struct catalog *catalog, const char *name)
{
	struct catalog_pool key = {0};

	if (strlen(name) >= sizeof(key.name))
		return NULL;
	strcpy(key.name, name);
	return bsearch(&key, catalog->pools, catalog->pool_count, sizeof(key), pool_compare);
}

const struct catalog_backend *catalog_find_backend(const struct catalog_pool *pool,
						   const char *name)
{
	struct catalog_backend key = {0};

	if (strlen(name) >= sizeof(key.name))
		return NULL;
	strcpy(key.name, name);
	return bsearch(&key, pool->backends, pool->backend_count, sizeof(key), backend_compare);
}

const struct catalog_service *catalog_find_service(const struct catalog *catalog, const char *name)
{
	struct catalog_service key = {0};

	if (strlen(name) >= sizeof(key.name))
		return NULL;
	strcpy(key.name, name);
	return bsearch(&key, catalog->services, catalog->service_count, sizeof(key),
		       service_compare);
}

const char *encapsulation_name(enum encapsulation encapsulation)
{
	return word_text(catalog_encapsulations, encapsulation);
}

const char *backend_state_name(enum backend_state state)
{
	return word_text(catalog_backend_states, state);
}

const char *affinity_name(enum affinity affinity)
{
	return word_text(catalog_affinities, affinity);
}

enum backend_state backend_state_from(const char *name)
{
	return word_value(catalog_backend_states, name);
}

const char *table_kind_name(enum table_kind kind)
{
	return word_text(catalog_tables, kind);
}

const char *tracking_name(enum tracking tracking)
{
	return word_text(catalog_trackings, tracking);
}
