// SPDX-License-Identifier: GPL-2.0-only
#include "control.h"

#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <bpf/bpf.h>
#include <curl/curl.h>

#include "control_stage.h"

#define REFERENCE_ROUNDS 15

struct text {
	char *data;
	size_t length;
};

static size_t take_text(char *data, size_t size, size_t count, void *user)
{
	struct text *text = user;
	char *longer = realloc(text->data, text->length + size * count + 1);

	if (!longer)
		return 0;
	text->data = longer;
	memcpy(text->data + text->length, data, size * count);
	text->length += size * count;
	text->data[text->length] = '\0';
	return size * count;
}

/* The connection is kept; hairpind of the next round has another, and curl finds out. */
static CURL *request_new(const char *method, const char *target, const char *body)
{
	static CURL *curl;
	char url[256];

	if (!curl)
		curl = curl_easy_init();
	if (!curl)
		control_fail("curl", "no memory");
	snprintf(url, sizeof(url), "http://localhost%s", target);
	curl_easy_reset(curl);
	curl_easy_setopt(curl, CURLOPT_UNIX_SOCKET_PATH, control_path("sock"));
	curl_easy_setopt(curl, CURLOPT_URL, url);
	curl_easy_setopt(curl, CURLOPT_CUSTOMREQUEST, method);
	curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, take_text);
	if (body) {
		curl_easy_setopt(curl, CURLOPT_POSTFIELDS, body);
		curl_easy_setopt(curl, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)strlen(body));
	}
	return curl;
}

static void perform(CURL *curl, struct text *answer)
{
	CURLcode code;
	long status;

	curl_easy_setopt(curl, CURLOPT_WRITEDATA, answer);
	code = curl_easy_perform(curl);
	if (code)
		control_fail("the API does not answer", curl_easy_strerror(code));
	curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &status);
	if (status != 200)
		control_fail("the API refuses", answer->data ? answer->data : "without a word");
}

json_t *api_call(const char *method, const char *target, const char *body)
{
	struct text answer = {0};
	json_t *json;

	perform(request_new(method, target, body), &answer);
	json = json_loads(answer.data, 0, NULL);
	free(answer.data);
	if (!json)
		control_fail(target, "the answer is not JSON");
	return json;
}

double api_rate(const char *method, const char *target, const char *body, double seconds)
{
	double start = control_now();
	int calls = 0;

	while (control_now() - start < seconds) {
		struct text answer = {0};

		perform(request_new(method, target, body), &answer);
		free(answer.data);
		calls++;
	}
	return calls / (control_now() - start);
}

static int notify_fd = -1;

void notify_open(const char *path)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};

	snprintf(address.sun_path, sizeof(address.sun_path), "%s", path);
	notify_fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (notify_fd < 0 || bind(notify_fd, (struct sockaddr *)&address, sizeof(address)))
		control_fail(path, strerror(errno));
	setenv("NOTIFY_SOCKET", path, 1);
}

int notify_ready(void)
{
	char message[64];
	ssize_t length = recv(notify_fd, message, sizeof(message), 0);

	return length >= 7 && !memcmp(message, "READY=1", 7);
}

void notify_drain(void)
{
	char message[64];

	while (recv(notify_fd, message, sizeof(message), 0) >= 0)
		;
}

void samples_add(struct samples *samples, double ms)
{
	if (samples->count < (int)(sizeof(samples->ms) / sizeof(*samples->ms)))
		samples->ms[samples->count++] = ms;
}

static int compare_double(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return x < y ? -1 : x > y;
}

json_t *samples_json(const struct samples *samples)
{
	struct samples sorted = *samples;

	if (!sorted.count)
		return json_null();
	qsort(sorted.ms, sorted.count, sizeof(*sorted.ms), compare_double);
	return json_pack("{s:f, s:f, s:f}", "min", sorted.ms[0], "median",
			 sorted.ms[sorted.count / 2], "max", sorted.ms[sorted.count - 1]);
}

json_t *reference_table_swap(void)
{
	LIBBPF_OPTS(bpf_map_create_opts, inner, .map_flags = BPF_F_INNER_MAP);
	int tables[2], outer;
	struct samples samples = {0};
	uint32_t key = 0;

	for (int i = 0; i < 2; i++)
		tables[i] = bpf_map_create(BPF_MAP_TYPE_ARRAY, "table", 4, 8, 32769, &inner);
	LIBBPF_OPTS(bpf_map_create_opts, options, .inner_map_fd = tables[0]);
	outer = bpf_map_create(BPF_MAP_TYPE_ARRAY_OF_MAPS, "tables", 4, 4, 1, &options);
	if (tables[0] < 0 || tables[1] < 0 || outer < 0)
		control_fail("cannot make maps", strerror(errno));
	for (int i = 0; i < REFERENCE_ROUNDS; i++) {
		double start = control_now();

		if (bpf_map_update_elem(outer, &key, &tables[i & 1], BPF_ANY))
			control_fail("cannot swap a table", strerror(errno));
		samples_add(&samples, 1e3 * (control_now() - start));
	}
	close(tables[0]);
	close(tables[1]);
	close(outer);
	return samples_json(&samples);
}

json_t *reference_json(const char *text)
{
	struct samples samples = {0};

	for (int i = 0; i < REFERENCE_ROUNDS; i++) {
		double start = control_now();

		json_decref(json_loads(text, JSON_REJECT_DUPLICATES, NULL));
		samples_add(&samples, 1e3 * (control_now() - start));
	}
	return samples_json(&samples);
}

json_t *reference_fsync(const char *path)
{
	struct samples samples = {0};
	char page[4096] = "";
	int fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);

	for (int i = 0; i < REFERENCE_ROUNDS; i++) {
		double start = control_now();

		if (pwrite(fd, page, sizeof(page), 0) < 0 || fsync(fd))
			control_fail(path, strerror(errno));
		samples_add(&samples, 1e3 * (control_now() - start));
	}
	close(fd);
	unlink(path);
	return samples_json(&samples);
}
