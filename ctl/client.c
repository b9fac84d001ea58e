// SPDX-License-Identifier: GPL-2.0-only
#include "client.h"

#include <ctype.h>
#include <curl/curl.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/un.h>

#include "answer.h"
#include "err.h"
#include "output.h"
#include "xalloc.h"

#define TIMEOUT_S    60
#define MAX_RESPONSE (256 * 1024 * 1024)

struct buffer {
	char *bytes;
	size_t length, room;
};

char *client_path(const char *pattern, ...)
{
	char *path = NULL;
	size_t length;
	FILE *file = xcheck(open_memstream(&path, &length));
	va_list args;

	va_start(args, pattern);
	for (; *pattern; pattern++) {
		char *escaped;

		if (*pattern != '*') {
			fputc(*pattern, file);
			continue;
		}
		escaped = xcheck(curl_easy_escape(NULL, va_arg(args, const char *), 0));
		fputs(escaped, file);
		curl_free(escaped);
	}
	va_end(args);
	fclose(file);
	return xcheck(path);
}

static size_t receive(char *data, size_t size, size_t count, void *user)
{
	struct buffer *buffer = user;
	size_t wanted = buffer->length + size * count;

	if (wanted > MAX_RESPONSE)
		return 0;
	if (wanted > buffer->room) {
		buffer->room = 2 * wanted;
		buffer->bytes = xrealloc_array(buffer->bytes, buffer->room, 1);
	}
	memcpy(buffer->bytes + buffer->length, data, size * count);
	buffer->length = wanted;
	return size * count;
}

/* "connection refused", as it reads within a sentence. */
static const char *words(int code, char *text, size_t size)
{
	snprintf(text, size, "%s", strerror(code));
	text[0] = tolower((unsigned char)text[0]);
	return text;
}

static int print_unreachable(const struct ctl *ctl, CURL *curl, CURLcode code, const char *detail)
{
	char text[128];
	long error = 0;

	curl_easy_getinfo(curl, CURLINFO_OS_ERRNO, &error);
	if (code == CURLE_OPERATION_TIMEDOUT)
		return ctl_error(CTL_UNREACHABLE, "hairpind on %s does not answer (waited %d s)",
				 ctl->socket_path, TIMEOUT_S);
	if (code != CURLE_COULDNT_CONNECT)
		return ctl_error(CTL_UNREACHABLE, "hairpind on %s went away: %s", ctl->socket_path,
				 detail[0] ? detail : curl_easy_strerror(code));
	if (error == EACCES)
		return ctl_error(CTL_UNREACHABLE,
				 "cannot reach hairpind on %s: %s; members of group hairpin may",
				 ctl->socket_path, words(error, text, sizeof(text)));
	return ctl_error(CTL_UNREACHABLE,
			 "cannot reach hairpind on %s: %s; is it running? "
			 "(systemctl status hairpind)",
			 ctl->socket_path,
			 error ? words(error, text, sizeof(text)) : curl_easy_strerror(code));
}

static void print_error(const json_t *json, const char *file)
{
	struct err err = {
		.line = answer_number(json, "line"),
		.column = answer_number(json, "column"),
	};
	char text[1200];

	snprintf(err.path, sizeof(err.path), "%s", answer_text(json, "path"));
	snprintf(err.text, sizeof(err.text), "%s", answer_text(json, "text"));
	if (file) {
		snprintf(err.file, sizeof(err.file), "%s", file);
		fprintf(stderr, "%s\n", err_format(&err, text, sizeof(text)));
	} else {
		ctl_error(0, "%s", err_format(&err, text, sizeof(text)));
	}
}

static int print_refused(const struct ctl *ctl, const json_t *json, long status, const char *file)
{
	const json_t *errors = json_object_get(json, "errors");
	const json_t *error = json_object_get(json, "error");
	json_t *value;
	size_t i;

	json_array_foreach(errors, i, value)
		print_error(value, file);
	if (json_array_size(errors))
		return CTL_REFUSED;
	if (error) {
		print_error(error, file);
		return CTL_REFUSED;
	}
	return ctl_error(CTL_REFUSED, "hairpind on %s answered HTTP %ld", ctl->socket_path, status);
}

static void set_request(CURL *curl, const struct client_request *request, const char *url,
			struct curl_slist *headers)
{
	curl_easy_setopt(curl, CURLOPT_URL, url);
	curl_easy_setopt(curl, CURLOPT_PATH_AS_IS, 1L);
	curl_easy_setopt(curl, CURLOPT_CUSTOMREQUEST, request->method);
	curl_easy_setopt(curl, CURLOPT_HTTPHEADER, headers);
	if (!request->body)
		return;
	curl_easy_setopt(curl, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)request->length);
	curl_easy_setopt(curl, CURLOPT_POSTFIELDS, request->body);
}

static void set_transport(CURL *curl, const struct ctl *ctl, struct buffer *buffer, char *detail)
{
	curl_easy_setopt(curl, CURLOPT_UNIX_SOCKET_PATH, ctl->socket_path);
	curl_easy_setopt(curl, CURLOPT_PROXY, ""); /* whatever the environment says */
	curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
	curl_easy_setopt(curl, CURLOPT_TIMEOUT, (long)TIMEOUT_S);
	curl_easy_setopt(curl, CURLOPT_ERRORBUFFER, detail);
	curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, receive);
	curl_easy_setopt(curl, CURLOPT_WRITEDATA, buffer);
}

static int evaluate(const struct ctl *ctl, const struct client_request *request, CURL *curl,
		    const struct buffer *buffer, json_t **out)
{
	json_t *json = json_loadb(buffer->bytes ? buffer->bytes : "", buffer->length, 0, NULL);
	long status = 0;
	int ret;

	curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &status);
	if (status == 200 && json) {
		*out = json;
		return CTL_DONE;
	}
	ret = print_refused(ctl, json, status, request->file);
	json_decref(json);
	return ret;
}

int client_call(const struct ctl *ctl, const struct client_request *request, json_t **out)
{
	struct sockaddr_un name;
	struct curl_slist *headers = NULL;
	char detail[CURL_ERROR_SIZE] = "", *url;
	struct buffer buffer = {};
	CURLcode code;
	CURL *curl;
	int ret;

	if (strlen(ctl->socket_path) >= sizeof(name.sun_path)) {
		free(request->path);
		return ctl_error(CTL_UNREACHABLE, "%s: too long for a socket: at most %zu bytes",
				 ctl->socket_path, sizeof(name.sun_path) - 1);
	}
	if (asprintf(&url, "http://hairpind%s%s", request->path,
		     request->dry_run ? "?dry-run=1" : "") < 0)
		url = xcheck(NULL);
	free(request->path);

	curl = xcheck(curl_easy_init());
	headers = xcheck(curl_slist_append(headers, "Content-Type: application/json"));
	if (request->create_only)
		xcheck(curl_slist_append(headers, "If-None-Match: *"));
	set_transport(curl, ctl, &buffer, detail);
	set_request(curl, request, url, headers);
	code = curl_easy_perform(curl);
	if (code)
		ret = print_unreachable(ctl, curl, code, detail);
	else
		ret = evaluate(ctl, request, curl, &buffer, out);
	curl_easy_cleanup(curl);
	curl_slist_free_all(headers);
	free(buffer.bytes);
	free(url);
	return ret;
}

int client_get(const struct ctl *ctl, const char *path, json_t **out)
{
	return client_call(
		ctl, &(struct client_request){.method = "GET", .path = client_path(path)}, out);
}

int client_change(const struct ctl *ctl, struct client_request request, json_t *json)
{
	char *body = json ? xcheck(json_dumps(json, JSON_COMPACT)) : NULL;
	json_t *diff = NULL;
	int ret;

	request.body = body;
	request.length = body ? strlen(body) : 0;
	ret = client_call(ctl, &request, &diff);
	if (!ret)
		output_diff(ctl, diff, request.dry_run, request.pool, json ? "added" : "removed");
	json_decref(diff);
	json_decref(json);
	free(body);
	return ret;
}
