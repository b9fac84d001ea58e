// SPDX-License-Identifier: GPL-2.0-only
/*
 * libmicrohttpd without threads: its epoll descriptor and its next timeout are two sources of the
 * event loop, and whenever one fires MHD_run() does what is due. A request is collected whole
 * before anything happens, so a cut-off one does nothing.
 */
#include "api.h"

#include <errno.h>
#include <microhttpd.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "api_routes.h"
#include "api_socket.h"
#include "log.h"

#define MAX_CONNECTIONS 64

struct api {
	struct balancer *balancer; /* of the caller */
	struct api_socket sock;
	struct MHD_Daemon *daemon;
	sd_event_source *io, *timer;
	bool closed; /* a connection was */
};

static struct api_request *request_new(const char *target)
{
	struct api_request *request = calloc(1, sizeof(*request));
	char *copy = strdup(target);

	if (!request || !copy) {
		free(request);
		free(copy);
		return NULL;
	}
	api_request_target(request, copy);
	return request;
}

static void request_free(struct api_request *request)
{
	if (!request)
		return;
	free(request->target);
	free(request->body);
	free(request);
}

/* Past the limit the rest is read and thrown away, so that the client gets to read the answer. */
static int request_add(struct api_request *request, const char *data, size_t size)
{
	size_t wanted = request->length + size;

	if (wanted > API_MAX_BODY) {
		request->too_large = true;
		request->length = wanted;
		free(request->body);
		request->body = NULL;
		request->room = 0;
		return wanted > 2 * (size_t)API_MAX_BODY ? -EMSGSIZE : 0;
	}
	if (wanted > request->room) {
		size_t room = request->room ? 2 * request->room : 4096;
		char *body;

		while (room < wanted)
			room *= 2;
		body = realloc(request->body, room);
		if (!body)
			return -ENOMEM;
		request->body = body;
		request->room = room;
	}
	memcpy(request->body + request->length, data, size);
	request->length = wanted;
	return 0;
}

/* The headers are there, the body is not. */
static void request_start(struct api_request *request, struct MHD_Connection *connection,
			  const char *method)
{
	const char *value;

	request->method = method;
	value = MHD_lookup_connection_value(connection, MHD_HEADER_KIND, "Content-Length");
	if (value && strtoull(value, NULL, 10) > API_MAX_BODY)
		request->too_large = true;
	value = MHD_lookup_connection_value(connection, MHD_HEADER_KIND, "If-None-Match");
	request->create_only = value && !strcmp(value, "*");
}

static enum MHD_Result answer(struct api *api, const struct api_request *request,
			      struct MHD_Connection *connection)
{
	struct api_reply reply = {};
	struct MHD_Response *response;
	enum MHD_Result result = MHD_NO;

	api_route(api->balancer, request, &reply);
	if (!reply.text)
		return MHD_NO;
	response = MHD_create_response_from_buffer(strlen(reply.text), reply.text,
						   MHD_RESPMEM_MUST_FREE);
	if (!response) {
		free(reply.text);
		return MHD_NO;
	}
	if (MHD_add_response_header(response, "Content-Type", "application/json") &&
	    (!reply.allow[0] || MHD_add_response_header(response, "Allow", reply.allow)) &&
	    (!request->too_large || MHD_add_response_header(response, "Connection", "close")))
		result = MHD_queue_response(connection, reply.status, response);
	MHD_destroy_response(response);
	return result;
}

/* Called with the headers, then for each piece of the body, then once more at the end. */
static enum MHD_Result handle(void *user, struct MHD_Connection *connection, const char *url,
			      const char *method, const char *version, const char *data,
			      size_t *size, void **state)
{
	struct api_request *request = *state;

	(void)url;
	(void)version;
	if (!request)
		return MHD_NO;
	if (!request->method) {
		request_start(request, connection, method);
		return request->too_large ? answer(user, request, connection) : MHD_YES;
	}
	if (*size) {
		if (request_add(request, data, *size))
			return MHD_NO;
		*size = 0;
		return MHD_YES;
	}
	return answer(user, request, connection);
}

/* The target before MHD decodes it: a %2F or %00 in a name must not change what is asked for. */
static void *handle_target(void *user, const char *target, struct MHD_Connection *connection)
{
	(void)user;
	(void)connection;
	return request_new(target);
}

static void handle_completed(void *user, struct MHD_Connection *connection, void **state,
			     enum MHD_RequestTerminationCode code)
{
	(void)user;
	(void)connection;
	(void)code;
	request_free(*state);
	*state = NULL;
}

static void handle_connection(void *user, struct MHD_Connection *connection, void **state,
			      enum MHD_ConnectionNotificationCode code)
{
	struct api *api = user;

	(void)connection;
	(void)state;
	if (code == MHD_CONNECTION_NOTIFY_CLOSED)
		api->closed = true;
}

static void handle_log(void *user, const char *format, va_list args)
{
	char text[256];

	(void)user;
	vsnprintf(text, sizeof(text), format, args);
	text[strcspn(text, "\n")] = '\0';
	log_debug("API: %s", text);
}

static int api_run(struct api *api)
{
	MHD_UNSIGNED_LONG_LONG timeout_ms;

	/*
	 * At the limit of connections MHD takes the listening socket out of its epoll set, and puts
	 * it back when it runs the next time. Without a connection left nothing would run it.
	 */
	do {
		api->closed = false;
		if (MHD_run(api->daemon) != MHD_YES)
			log_err("API: libmicrohttpd failed");
	} while (api->closed);
	if (MHD_get_timeout(api->daemon, &timeout_ms) != MHD_YES)
		return sd_event_source_set_enabled(api->timer, SD_EVENT_OFF);
	sd_event_source_set_time_relative(api->timer, timeout_ms * 1000);
	return sd_event_source_set_enabled(api->timer, SD_EVENT_ONESHOT);
}

static int handle_io(sd_event_source *source, int fd, uint32_t events, void *user)
{
	(void)source;
	(void)fd;
	(void)events;
	return api_run(user);
}

static int handle_timer(sd_event_source *source, uint64_t time_us, void *user)
{
	(void)source;
	(void)time_us;
	return api_run(user);
}

static int api_hook(struct api *api, sd_event *event)
{
	const union MHD_DaemonInfo *info =
		MHD_get_daemon_info(api->daemon, MHD_DAEMON_INFO_EPOLL_FD);
	int ret;

	if (!info)
		return -EOPNOTSUPP;
	ret = sd_event_add_io(event, &api->io, info->epoll_fd, EPOLLIN, handle_io, api);
	if (ret >= 0)
		ret = sd_event_add_time(event, &api->timer, CLOCK_MONOTONIC, UINT64_MAX, 1000,
					handle_timer, api);
	return ret < 0 ? ret : 0;
}

int api_new(sd_event *event, struct balancer *balancer, const char *socket_path,
	    unsigned int timeout_s, struct api **out, struct err *err)
{
	struct api *api = calloc(1, sizeof(*api));
	int ret;

	if (!api)
		return err_set(err, -ENOMEM, "out of memory");
	api->balancer = balancer;
	ret = api_socket_open(socket_path, &api->sock, err);
	if (ret) {
		free(api);
		return ret;
	}
	api->daemon = MHD_start_daemon(
		MHD_USE_EPOLL | MHD_USE_ERROR_LOG, 0, NULL, NULL, handle, api,
		MHD_OPTION_EXTERNAL_LOGGER, handle_log, NULL, MHD_OPTION_LISTEN_SOCKET,
		api->sock.fd, MHD_OPTION_CONNECTION_LIMIT, MAX_CONNECTIONS,
		MHD_OPTION_CONNECTION_TIMEOUT, timeout_s, MHD_OPTION_URI_LOG_CALLBACK,
		handle_target, NULL, MHD_OPTION_NOTIFY_COMPLETED, handle_completed, NULL,
		MHD_OPTION_NOTIFY_CONNECTION, handle_connection, api, MHD_OPTION_END);
	ret = api->daemon ? api_hook(api, event) : -EIO;
	if (ret) {
		api_free(api);
		return err_set(err, ret, "%s: cannot serve HTTP: %s", socket_path, strerror(-ret));
	}
	*out = api;
	return 0;
}

void api_set_balancer(struct api *api, struct balancer *balancer)
{
	api->balancer = balancer;
}

void api_free(struct api *api)
{
	if (!api)
		return;
	/* Before MHD closes the descriptor that one of them watches. */
	sd_event_source_disable_unref(api->io);
	sd_event_source_disable_unref(api->timer);
	api_socket_unlink(&api->sock);
	if (api->daemon)
		MHD_stop_daemon(api->daemon); /* closes the listening socket too */
	else
		close(api->sock.fd);
	free(api);
}
