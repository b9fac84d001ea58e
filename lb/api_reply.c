// SPDX-License-Identifier: GPL-2.0-only
#include "api_reply.h"

#include <microhttpd.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void api_reply_json(struct api_reply *reply, unsigned int status, json_t *json)
{
	static const char fallback[] = "{\"error\": {\"path\": \"\", \"line\": 0, \"column\": 0, "
				       "\"text\": \"the answer cannot be written as JSON\"}}";
	char *text = json ? json_dumps(json, JSON_COMPACT) : NULL;
	char *line = NULL;
	size_t length;

	json_decref(json);
	if (!text) {
		text = strdup(fallback);
		if (status < 400)
			status = MHD_HTTP_INTERNAL_SERVER_ERROR;
	}
	if (text) {
		length = strlen(text);
		line = realloc(text, length + 2);
		if (line)
			memcpy(line + length, "\n", 2);
		else
			free(text);
	}
	free(reply->text);
	reply->status = status;
	reply->text = line;
}

void api_reply_errors(struct api_reply *reply, unsigned int status, const struct err_list *errors)
{
	api_reply_json(reply, status, err_list_json(errors));
}

void api_reply_error(struct api_reply *reply, unsigned int status, const char *path,
		     const char *format, ...)
{
	struct err_list errors = {};
	struct err *err = err_list_add(&errors);
	va_list args;

	snprintf(err->path, sizeof(err->path), "%s", path);
	va_start(args, format);
	vsnprintf(err->text, sizeof(err->text), format, args);
	va_end(args);
	api_reply_errors(reply, status, &errors);
	err_list_done(&errors);
}
