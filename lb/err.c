// SPDX-License-Identifier: GPL-2.0-only
#include "err.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "xalloc.h"

/* A text that did not fit must not end within a UTF-8 sequence: it would not be JSON any more. */
static void trim_partial_utf8(char *text)
{
	size_t start = strlen(text);
	size_t length, wanted;

	while (start > 0 && ((unsigned char)text[start - 1] & 0xc0) == 0x80)
		start--;
	if (start == 0)
		return;
	start--;
	length = strlen(text + start);
	wanted = (unsigned char)text[start] >= 0xf0   ? 4
		 : (unsigned char)text[start] >= 0xe0 ? 3
		 : (unsigned char)text[start] >= 0xc0 ? 2
						      : 1;
	if (length < wanted)
		text[start] = '\0';
}

int err_set(struct err *err, int code, const char *format, ...)
{
	va_list args;
	int length;

	if (!err)
		return code;
	memset(err, 0, sizeof(*err));
	va_start(args, format);
	length = vsnprintf(err->text, sizeof(err->text), format, args);
	va_end(args);
	if (length >= (int)sizeof(err->text))
		trim_partial_utf8(err->text);
	return code;
}

const char *err_format(const struct err *err, char *buffer, size_t size)
{
	char place[sizeof(err->file) + 32] = "";
	size_t used = 0;

	if (err->file[0])
		used = snprintf(place, sizeof(place), "%s:", err->file);
	if (err->line > 0)
		used += snprintf(place + used, sizeof(place) - used, "%d:", err->line);
	if (err->line > 0 && err->column > 0)
		used += snprintf(place + used, sizeof(place) - used, "%d:", err->column);
	snprintf(buffer, size, "%s%s%s%s%s", place, used ? " " : "", err->path,
		 err->path[0] ? ": " : "", err->text);
	return buffer;
}

/* File names may be any bytes; what is not UTF-8 is shown with its ASCII bytes only. */
static json_t *text_json(const char *text)
{
	json_t *json = json_string(text);
	char *ascii;

	if (json)
		return json;
	ascii = xstrdup(text);
	for (char *c = ascii; *c; c++) {
		if ((unsigned char)*c >= 0x80)
			*c = '?';
	}
	json = xcheck(json_string(ascii));
	free(ascii);
	return json;
}

json_t *err_json(const struct err *err)
{
	json_t *json =
		xcheck(json_pack("{s:o, s:i, s:i, s:o}", "path", text_json(err->path), "line",
				 err->line, "column", err->column, "text", text_json(err->text)));

	if (err->file[0] && json_object_set_new(json, "file", text_json(err->file)) < 0)
		xcheck(NULL);
	return json;
}

void err_list_done(struct err_list *list)
{
	free(list->errors);
	*list = (struct err_list){0};
}

struct err *err_list_add(struct err_list *list)
{
	struct err *err;

	if (list->count == list->room) {
		list->room = list->room ? 2 * list->room : 4;
		list->errors = xrealloc_array(list->errors, list->room, sizeof(*list->errors));
	}
	err = &list->errors[list->count++];
	memset(err, 0, sizeof(*err));
	return err;
}

json_t *err_list_json(const struct err_list *list)
{
	json_t *errors = xcheck(json_array());

	for (size_t i = 0; i < list->count; i++) {
		if (json_array_append_new(errors, err_json(&list->errors[i])) < 0)
			xcheck(NULL);
	}
	return xcheck(json_pack("{s:o, s:o}", "error",
				list->count ? err_json(&list->errors[0]) : json_null(), "errors",
				errors));
}
