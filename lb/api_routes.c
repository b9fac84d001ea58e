// SPDX-License-Identifier: GPL-2.0-only
/*
 * A change is a deep copy of the catalog in force, edited, and handed to balancer_put(): whatever
 * the edit makes of it, the catalog's own check decides.
 */
#include "api_routes.h"

#include <errno.h>
#include <microhttpd.h>
#include <stdlib.h>
#include <string.h>

#include "api_edit.h"
#include "api_trace.h"

struct context {
	struct balancer *balancer;
	const struct api_request *request;
	bool dry_run;
	json_t *body; /* parsed; NULL where the route takes none */
	struct api_reply *reply;
};

static void reply_put_failed(struct api_reply *reply, int code, struct err_list *errors)
{
	if (!errors->count)
		err_set(err_list_add(errors), code, "%s", strerror(-code));
	api_reply_errors(reply,
			 code == -EINVAL  ? MHD_HTTP_UNPROCESSABLE_CONTENT
			 : code == -EBUSY ? MHD_HTTP_CONFLICT
					  : MHD_HTTP_INTERNAL_SERVER_ERROR,
			 errors);
}

static bool name_valid(const char *name)
{
	size_t length = strspn(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
				     "0123456789._-");

	return length > 0 && length < LB_NAME_SIZE && !name[length];
}

void api_request_target(struct api_request *request, char *target)
{
	char *at = strchr(target, '?'), *rest = target;

	request->target = target;
	if (at) {
		*at = '\0';
		request->query = at + 1;
	}
	if (*rest++ != '/') {
		request->bad_target = true;
		return;
	}
	while ((at = strsep(&rest, "/"))) {
		/* A decoded NUL would cut the name short. */
		if (MHD_http_unescape(at) != strlen(at))
			request->bad_target = true;
		if (request->segment_count < API_MAX_SEGMENTS)
			request->segments[request->segment_count++] = at;
		else
			request->bad_target = true;
	}
}

static void put(struct context *c, json_t *json, bool whole)
{
	struct err_list errors = {};
	json_t *diff = NULL;
	int ret;

	ret = balancer_put(c->balancer, json, c->dry_run, &diff, &errors);
	if (!ret) {
		api_reply_json(c->reply, MHD_HTTP_OK, diff);
	} else {
		/* Lines are of a text that the client never saw, unless it sent it all. */
		for (size_t i = 0; i < errors.count && !whole; i++) {
			errors.errors[i].file[0] = '\0';
			errors.errors[i].line = errors.errors[i].column = 0;
		}
		reply_put_failed(c->reply, ret, &errors);
	}
	err_list_done(&errors);
}

static void change(struct context *c, bool (*apply)(const struct api_edit *edit))
{
	const struct api_request *request = c->request;
	struct api_edit edit = {
		.catalog = json_deep_copy(balancer_catalog(c->balancer)->json),
		.name = request->segments[request->segment_count - 1],
		.pool = request->segments[2],
		.body = c->body,
		.merge = !strcmp(request->method, "PATCH"),
		.create_only = request->create_only,
		.reply = c->reply,
	};

	if (!edit.catalog)
		api_reply_json(c->reply, MHD_HTTP_INTERNAL_SERVER_ERROR, NULL);
	else if (apply(&edit))
		put(c, edit.catalog, false);
	json_decref(edit.catalog);
}

static void handle_service(struct context *c)
{
	change(c, api_edit_service);
}

static void handle_pool(struct context *c)
{
	change(c, api_edit_pool);
}

static void handle_backend(struct context *c)
{
	change(c, api_edit_backend);
}

static void handle_catalog_get(struct context *c)
{
	c->reply->text = catalog_text(balancer_catalog(c->balancer)->json);
	c->reply->status = MHD_HTTP_OK;
}

static bool is_json(const char *text, size_t length)
{
	json_t *json = json_loadb(text, length, JSON_DECODE_ANY, NULL);

	json_decref(json);
	return json;
}

/* Parsed here from the text too, so that errors have the lines and columns that the client sent. */
static void handle_catalog_put(struct context *c)
{
	const char *text = c->request->body ? c->request->body : "";
	size_t length = c->request->length;
	struct err_list errors = {};
	struct catalog *catalog = NULL;
	int ret;

	ret = catalog_parse(text, length, "", &catalog, &errors);
	if (ret && !is_json(text, length))
		api_reply_errors(c->reply, MHD_HTTP_BAD_REQUEST, &errors);
	else if (ret)
		reply_put_failed(c->reply, ret, &errors);
	else
		put(c, catalog->json, true);
	catalog_free(catalog);
	err_list_done(&errors);
}

static void handle_status(struct context *c)
{
	api_reply_json(c->reply, MHD_HTTP_OK, balancer_status(c->balancer));
}

static void handle_stats(struct context *c)
{
	struct err err = {};
	json_t *stats = balancer_stats(c->balancer, &err);

	if (stats)
		api_reply_json(c->reply, MHD_HTTP_OK, stats);
	else
		api_reply_error(c->reply, MHD_HTTP_INTERNAL_SERVER_ERROR, err.path, "%s", err.text);
}

/* /v1/flows of all pools, /v1/flows/POOL of one. */
static void handle_flows(struct context *c)
{
	const char *pool = c->request->segment_count > 2 ? c->request->segments[2] : NULL;
	bool flush = !strcmp(c->request->method, "DELETE");
	struct err err = {};
	json_t *flows;

	if (pool && !catalog_find_pool(balancer_catalog(c->balancer), pool)) {
		api_reply_error(c->reply, MHD_HTTP_NOT_FOUND, "", "pools.%s: does not exist", pool);
		return;
	}
	flows = flush ? balancer_flush(c->balancer, pool, &err)
		      : balancer_flows(c->balancer, pool, &err);
	if (flows)
		api_reply_json(c->reply, MHD_HTTP_OK, flows);
	else
		api_reply_error(c->reply, MHD_HTTP_INTERNAL_SERVER_ERROR, err.path, "%s", err.text);
}

static void handle_trace(struct context *c)
{
	struct trace_request trace = {};
	struct err err = {};
	json_t *json = NULL;
	int ret;

	if (!api_trace_parse(c->body, &trace, c->reply))
		return;
	ret = balancer_trace(c->balancer, &trace, &json, &err);
	if (!ret)
		api_reply_json(c->reply, MHD_HTTP_OK, json);
	else
		api_reply_error(c->reply,
				ret == -EINVAL ? MHD_HTTP_UNPROCESSABLE_CONTENT
					       : MHD_HTTP_INTERNAL_SERVER_ERROR,
				err.path, "%s", err.text);
}

enum route_flags {
	TAKES_BODY = 1 << 0, /* JSON, parsed before the handler runs */
	CHANGES = 1 << 1,    /* takes ?dry-run=1 */
};

static const struct route {
	const char *method;
	const char *path; /* "*" is a name */
	void (*handle)(struct context *c);
	unsigned int flags;
} routes[] = {
	{"GET", "/v1/status", handle_status, 0},
	{"GET", "/v1/stats", handle_stats, 0},
	{"GET", "/v1/catalog", handle_catalog_get, 0},
	{"PUT", "/v1/catalog", handle_catalog_put, CHANGES},
	{"GET", "/v1/flows", handle_flows, 0},
	{"DELETE", "/v1/flows", handle_flows, 0},
	{"GET", "/v1/flows/*", handle_flows, 0},
	{"DELETE", "/v1/flows/*", handle_flows, 0},
	{"POST", "/v1/trace", handle_trace, TAKES_BODY},
	{"PUT", "/v1/services/*", handle_service, TAKES_BODY | CHANGES},
	{"DELETE", "/v1/services/*", handle_service, CHANGES},
	{"PUT", "/v1/pools/*", handle_pool, TAKES_BODY | CHANGES},
	{"DELETE", "/v1/pools/*", handle_pool, CHANGES},
	{"PUT", "/v1/pools/*/backends/*", handle_backend, TAKES_BODY | CHANGES},
	{"PATCH", "/v1/pools/*/backends/*", handle_backend, TAKES_BODY | CHANGES},
	{"DELETE", "/v1/pools/*/backends/*", handle_backend, CHANGES},
};

static bool segment_matches(const char *pattern, size_t length, const char *segment)
{
	if (length == 1 && *pattern == '*')
		return true;
	return strlen(segment) == length && !memcmp(pattern, segment, length);
}

static bool route_matches(const struct route *route, const struct api_request *request)
{
	const char *at = route->path;

	for (size_t i = 0; i < request->segment_count; i++) {
		size_t length;

		if (*at++ != '/')
			return false;
		length = strcspn(at, "/");
		if (!segment_matches(at, length, request->segments[i]))
			return false;
		at += length;
	}
	return !*at;
}

/* The route, or NULL with the reply set. */
static const struct route *route_find(const struct api_request *request, struct api_reply *reply)
{
	/* HEAD is GET to us; libmicrohttpd leaves the body out. */
	const char *method = !strcmp(request->method, "HEAD") ? "GET" : request->method;
	char allow[sizeof(reply->allow)] = "";
	size_t length = 0;

	for (size_t i = 0; i < sizeof(routes) / sizeof(*routes); i++) {
		const char *known = routes[i].method;

		if (!route_matches(&routes[i], request))
			continue;
		if (!strcmp(known, method))
			return &routes[i];
		length += snprintf(allow + length, sizeof(allow) - length, "%s%s",
				   length ? ", " : "", strcmp(known, "GET") ? known : "GET, HEAD");
	}
	if (!length) {
		api_reply_error(reply, MHD_HTTP_NOT_FOUND, "", "no such resource");
		return NULL;
	}
	memcpy(reply->allow, allow, sizeof(allow));
	api_reply_error(reply, MHD_HTTP_METHOD_NOT_ALLOWED, "",
			"this resource has other methods: %s", allow);
	return NULL;
}

static bool query_parse(struct context *c, const struct route *route)
{
	const char *query = c->request->query;

	if (!query || !*query)
		return true;
	if (route->flags & CHANGES &&
	    (!strcmp(query, "dry-run=1") || !strcmp(query, "dry-run=0"))) {
		c->dry_run = !strcmp(query, "dry-run=1");
		return true;
	}
	/* Not ignored: a mistyped dry-run would do what was only asked about. */
	api_reply_error(c->reply, MHD_HTTP_BAD_REQUEST, "", "%s",
			route->flags & CHANGES ? "the query can only be dry-run=1 or dry-run=0"
					       : "this resource takes no query");
	return false;
}

static bool names_valid(struct context *c, const struct route *route)
{
	const char *at = route->path;

	for (size_t i = 0; i < c->request->segment_count; i++) {
		bool is_name = at[1] == '*';

		at += 1 + strcspn(at + 1, "/");
		if (!is_name || name_valid(c->request->segments[i]))
			continue;
		api_reply_error(c->reply, MHD_HTTP_BAD_REQUEST, "",
				"a name is 1 to 63 of a-z, A-Z, 0-9, \".\", \"_\", \"-\"");
		return false;
	}
	return true;
}

static bool body_parse(struct context *c)
{
	const struct api_request *request = c->request;
	struct err_list errors = {};
	json_error_t error;
	struct err *err;

	c->body = json_loadb(request->body ? request->body : "", request->length,
			     JSON_REJECT_DUPLICATES | JSON_DECODE_ANY, &error);
	if (c->body)
		return true;
	err = err_list_add(&errors);
	err->line = error.line > 0 ? error.line : 0;
	err->column = error.column > 0 ? error.column : 0;
	snprintf(err->text, sizeof(err->text), "%s", error.text);
	api_reply_errors(c->reply,
			 json_error_code(&error) == json_error_duplicate_key
				 ? MHD_HTTP_UNPROCESSABLE_CONTENT
				 : MHD_HTTP_BAD_REQUEST,
			 &errors);
	err_list_done(&errors);
	return false;
}

void api_route(struct balancer *balancer, const struct api_request *request,
	       struct api_reply *reply)
{
	struct context c = {.balancer = balancer, .request = request, .reply = reply};
	const struct route *route;

	if (request->too_large) {
		api_reply_error(reply, MHD_HTTP_CONTENT_TOO_LARGE, "",
				"a request is at most %d bytes", API_MAX_BODY);
		return;
	}
	if (request->bad_target) {
		api_reply_error(reply, MHD_HTTP_BAD_REQUEST, "", "not a path of this API");
		return;
	}
	route = route_find(request, reply);
	if (!route || !names_valid(&c, route) || !query_parse(&c, route))
		return;
	if (route->flags & TAKES_BODY && !body_parse(&c))
		return;
	route->handle(&c);
	json_decref(c.body);
}
