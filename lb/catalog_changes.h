/* SPDX-License-Identifier: GPL-2.0-only */
/* What is another value in one catalog than in another, key by key. */
#ifndef HAIRPIN_CATALOG_CHANGES_H
#define HAIRPIN_CATALOG_CHANGES_H

#include "catalog.h"

/*
 * catalog_changes(): each key whose value differs, of the catalog itself and of those pools,
 * backends and services that both have; owned by the caller:
 *
 *   [{"path": "pools.web.tracking", "old": "moved", "new": "all"}, ...]
 *
 * A key that is left out has its default, and null where there is none (vni, server_id, quic).
 */
json_t *catalog_changes(const struct catalog *old, const struct catalog *new);

/* Whether all keys have the same values; pools of services are compared by name. */
bool catalog_backend_equal(const struct catalog_backend *a, const struct catalog_backend *b);
bool catalog_service_equal(const struct catalog *a_catalog, const struct catalog_service *a,
			   const struct catalog *b_catalog, const struct catalog_service *b);

#endif
