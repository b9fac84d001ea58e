// SPDX-License-Identifier: GPL-2.0-only
#include "api_edit.h"

#include <microhttpd.h>
#include <stdio.h>
#include <string.h>

#define NAMES_SHOWN 5

static json_t *member(json_t *json, const char *key)
{
	if (!json_object_get(json, key))
		json_object_set_new(json, key, json_object());
	return json_object_get(json, key);
}

static bool put(const struct api_edit *edit, json_t *parent, const char *path)
{
	if (edit->create_only && json_object_get(parent, edit->name)) {
		api_reply_error(edit->reply, MHD_HTTP_PRECONDITION_FAILED, path, "exists already");
		return false;
	}
	json_object_set(parent, edit->name, edit->body);
	return true;
}

static bool drop(const struct api_edit *edit, json_t *parent, const char *path)
{
	if (!json_object_del(parent, edit->name))
		return true;
	api_reply_error(edit->reply, MHD_HTTP_NOT_FOUND, path, "does not exist");
	return false;
}

bool api_edit_service(const struct api_edit *edit)
{
	json_t *services = member(edit->catalog, "services");
	char path[320];

	snprintf(path, sizeof(path), "services.%s", edit->name);
	return edit->body ? put(edit, services, path) : drop(edit, services, path);
}

/* The catalog would refuse it too, but in words about the services. */
static bool pool_unused(const struct api_edit *edit, const char *path)
{
	char names[400] = "";
	size_t length = 0, count = 0;
	const char *service;
	json_t *value;

	json_object_foreach(member(edit->catalog, "services"), service, value) {
		const char *pool = json_string_value(json_object_get(value, "pool"));

		if (!pool || strcmp(pool, edit->name) != 0)
			continue;
		if (count++ < NAMES_SHOWN)
			length += snprintf(names + length, sizeof(names) - length, "%s%s",
					   length ? ", " : "", service);
	}
	if (!count)
		return true;
	if (count > NAMES_SHOWN)
		snprintf(names + length, sizeof(names) - length, " and %zu more",
			 count - NAMES_SHOWN);
	api_reply_error(edit->reply, MHD_HTTP_CONFLICT, path, "is used by service%s %s",
			count == 1 ? "" : "s", names);
	return false;
}

bool api_edit_pool(const struct api_edit *edit)
{
	json_t *pools = member(edit->catalog, "pools");
	char path[320];

	snprintf(path, sizeof(path), "pools.%s", edit->name);
	if (edit->body)
		return put(edit, pools, path);
	if (json_object_get(pools, edit->name) && !pool_unused(edit, path))
		return false;
	return drop(edit, pools, path);
}

/* RFC 7396, as far as an object without objects in it needs it: null takes a key away. */
static bool merge(const struct api_edit *edit, json_t *parent, const char *path)
{
	json_t *backend = json_object_get(parent, edit->name), *value;
	const char *key;

	if (!backend) {
		api_reply_error(edit->reply, MHD_HTTP_NOT_FOUND, path, "does not exist");
		return false;
	}
	if (!json_is_object(edit->body)) {
		api_reply_error(edit->reply, MHD_HTTP_UNPROCESSABLE_CONTENT, path,
				"is not an object");
		return false;
	}
	json_object_foreach(edit->body, key, value) {
		if (json_is_null(value))
			json_object_del(backend, key);
		else
			json_object_set(backend, key, value);
	}
	return true;
}

bool api_edit_backend(const struct api_edit *edit)
{
	json_t *pool = json_object_get(member(edit->catalog, "pools"), edit->pool), *backends;
	char path[320];

	if (!pool) {
		snprintf(path, sizeof(path), "pools.%s", edit->pool);
		api_reply_error(edit->reply, MHD_HTTP_NOT_FOUND, path, "does not exist");
		return false;
	}
	backends = member(pool, "backends");
	snprintf(path, sizeof(path), "pools.%s.backends.%s", edit->pool, edit->name);
	if (edit->merge)
		return merge(edit, backends, path);
	return edit->body ? put(edit, backends, path) : drop(edit, backends, path);
}
