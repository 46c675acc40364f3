// SPDX-License-Identifier: Apache-2.0
/*
 * cdi - the Container Device Interface: JSON files by which a vendor says what a device needs inside
 * a container.
 *
 *   vendor.com/class=name        names one device: kind "vendor.com/class" of a file, device "name"
 *
 * A file is the administrator's, but written by tools: it is read strictly, with the JSON path in
 * every message, and everything is bounded. What it says is only decoded here; whether the host has
 * the nodes is for the engine. Members that need what we do not have (intelRdt, netDevices) are
 * refused. Source: cncf-tags/container-device-interface SPEC.md 0.8.
 */
#pragma once

#include "base/json.h"
#include "spec/runtime.h"

#define CDI_TEXT_MAX    ((size_t)1 << 20)
#define CDI_DEVICES_MAX 1024
#define CDI_EDITS_MAX   1024 /* of one kind, in one place */

struct cdi_node {
	char *path, *host_path; /* host_path NULL: as path */
	char *type;             /* c, b, u, p; NULL: as on the host */
	struct opt_i64 major, minor;
	struct opt_u64 file_mode, uid, gid;
	char *permissions; /* of "rwm"; NULL: all */
};

struct cdi_mount {
	char *host_path, *container_path, *type;
	char **options;
};

struct cdi_hook {
	char *hook_name; /* prestart, createRuntime, … */
	char *path;
	char **args, **env;
	struct opt_i64 timeout;
};

struct cdi_edits {
	char **env;
	struct json_list device_nodes;    /* struct cdi_node */
	struct json_list mounts;          /* struct cdi_mount */
	struct json_list hooks;           /* struct cdi_hook */
	struct json_list additional_gids; /* int64_t */
	json_t *intel_rdt, *net_devices;
};

struct cdi_device {
	char *name;
	struct cdi_edits edits;
};

struct cdi_spec {
	char *cdi_version, *kind;
	struct json_list devices; /* struct cdi_device */
	struct cdi_edits edits;   /* with any of its devices */
};

struct cdi_name {
	char *kind, *device;
};

int cdi_spec_decode(struct arena *a, const char *text, size_t len, const char *what,
		    struct cdi_spec *out, struct err *err);
/* NULL: there is no such device. */
const struct cdi_device *cdi_spec_find(const struct cdi_spec *s, const char *device);
/* Is it the name of a device, rather than a path? */
bool cdi_is_name(const char *s);
int cdi_name_parse(struct arena *a, const char *s, struct cdi_name *out, struct err *err);
