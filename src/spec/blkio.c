// SPDX-License-Identifier: Apache-2.0
#include "spec/blkio.h"

#include "base/str.h"
#include "spec/units.h"

static int split(struct arena *a, const char *s, char **path, const char **value, struct err *err)
{
	const char *colon = strchr(s, ':');

	if (!colon)
		return err_set(err, ERR_INVALID, "bad format: %.300s", s);
	if (!str_after(s, "/dev/"))
		return err_set(err, ERR_INVALID, "bad format for device path: %.300s", s);
	*path = arena_strndup(a, s, (size_t)(colon - s));
	*value = colon + 1;
	return *path ? 0 : err_oom(err);
}

int blkio_parse_bps(struct arena *a, const char *s, struct container_throttle_device *out,
		    struct err *err)
{
	const char *value = NULL;
	int64_t rate;
	int r = split(a, s, &out->path, &value, err);

	if (r < 0)
		return r;
	if (units_parse_size(value, &rate, NULL) < 0)
		return err_set(
			err, ERR_INVALID,
			"invalid rate for device: %.300s. The correct format is "
			"<device-path>:<number>[<unit>]. Number must be a positive integer. Unit "
			"is optional and can be kb, mb, or gb",
			s);
	out->rate = (uint64_t)rate;
	return 0;
}

int blkio_parse_iops(struct arena *a, const char *s, struct container_throttle_device *out,
		     struct err *err)
{
	const char *value = NULL;
	int r = split(a, s, &out->path, &value, err);

	if (r < 0)
		return r;
	if (str_to_u64(value, &out->rate) < 0)
		return err_set(err, ERR_INVALID,
			       "invalid rate for device: %.300s. The correct format is "
			       "<device-path>:<number>. Number must be a positive integer",
			       s);
	return 0;
}

int blkio_parse_weight(struct arena *a, const char *s, struct container_weight_device *out,
		       struct err *err)
{
	const char *value = NULL;
	int r = split(a, s, &out->path, &value, err);

	if (r < 0)
		return r;
	if (str_to_u64(value, &out->weight) < 0 ||
	    (out->weight > 0 && (out->weight < 10 || out->weight > 1000)))
		return err_set(err, ERR_INVALID, "invalid weight for device: %.300s", s);
	return 0;
}
