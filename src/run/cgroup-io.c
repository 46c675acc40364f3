// SPDX-License-Identifier: Apache-2.0
/*
 * Block I/O: blkio on v1, io on v2. Weights need a scheduler that knows them: BFQ, or io.cost on
 * v2.
 */
#include <inttypes.h>
#include <stdio.h>

#include "run/cgroup-impl.h"

static int io_weight(struct cgroup *cg, int version, const struct oci_block_io *b, struct err *err)
{
	uint64_t w = b->weight.value;
	int dir = version == 2 ? cg->v2 : cg->v1[CTL_IO];
	char text[32];

	if (!b->weight.set || !w)
		return 0;
	if (w < 10 || w > 1000)
		return err_set(err, ERR_INVALID, "blkio weight %" PRIu64 " is not in 10..1000", w);
	(void)snprintf(text, sizeof(text), "%" PRIu64, w);
	if (cgroup_write(dir, version == 2 ? "io.bfq.weight" : "blkio.bfq.weight", text, NULL) == 0)
		return 0;
	if (version == 2)
		(void)snprintf(text, sizeof(text), "default %" PRIu64, 1 + (w - 10) * 9999 / 990);
	if (cgroup_write(dir, version == 2 ? "io.weight" : "blkio.weight", text, NULL) == 0)
		return 0;
	if (errno == ENOENT)
		return err_set(
			err, ERR_UNSUPPORTED,
			"blkio weight: no scheduler of this host knows weights (BFQ, io.cost)");
	return err_sys(err, errno, "set blkio weight %s", text);
}

static int io_weight_devices(struct cgroup *cg, int version, const struct oci_block_io *b,
			     struct err *err)
{
	for (size_t i = 0; i < b->weight_device.n; i++) {
		const struct oci_weight_device *d =
			JSON_AT(struct oci_weight_device, &b->weight_device, i);
		char text[64];

		if (!d->weight.set)
			continue;
		(void)snprintf(text, sizeof(text), "%" PRId64 ":%" PRId64 " %" PRIu64, d->major,
			       d->minor, d->weight.value);
		if (cgroup_write(version == 2 ? cg->v2 : cg->v1[CTL_IO],
				 version == 2 ? "io.bfq.weight" : "blkio.bfq.weight_device", text,
				 NULL) < 0 &&
		    cgroup_write(version == 2 ? cg->v2 : cg->v1[CTL_IO],
				 version == 2 ? "io.weight" : "blkio.weight_device", text,
				 NULL) < 0)
			return errno == ENOENT
				       ? err_set(err, ERR_UNSUPPORTED,
						 "blkio weight of device %s: no scheduler of this "
						 "host knows weights (BFQ, io.cost)",
						 text)
				       : err_sys(err, errno, "set blkio weight of device %s", text);
	}
	return 0;
}

static int io_throttle(struct cgroup *cg, int version, const struct json_list *list, const char *v1,
		       const char *v2, struct err *err)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < list->n; i++) {
		const struct oci_throttle_device *d = JSON_AT(struct oci_throttle_device, list, i);
		char rate[32];

		if (version == 1) {
			r = cgroup_printf(cg->v1[CTL_IO], v1, err,
					  "%" PRId64 ":%" PRId64 " %" PRIu64, d->major, d->minor,
					  d->rate);
			continue;
		}
		cgroup_bytes(rate, d->rate ? (int64_t)d->rate : -1, "max");
		r = cgroup_printf(cg->v2, "io.max", err, "%" PRId64 ":%" PRId64 " %s=%s", d->major,
				  d->minor, v2, rate);
	}
	return r;
}

/* They went with the CFQ scheduler, in kernel 5.0. 0 is what engines write for "not set". */
static int refuse_leaf_weights(const struct oci_block_io *b, struct err *err)
{
	bool any = b->leaf_weight.set && b->leaf_weight.value;

	for (size_t i = 0; i < b->weight_device.n; i++) {
		const struct oci_weight_device *d =
			JSON_AT(struct oci_weight_device, &b->weight_device, i);

		any |= d->leaf_weight.set && d->leaf_weight.value;
	}
	return any ? err_set(err, ERR_UNSUPPORTED,
			     "blkio leafWeight: no kernel since 5.0 has leaf weights")
		   : 0;
}

int cgroup_limit_io(struct cgroup *cg, const struct oci_block_io *b, struct err *err)
{
	int version, r = refuse_leaf_weights(b, err);

	if (r < 0)
		return r;
	if (!(b->weight.set && b->weight.value) && !b->weight_device.n && !b->throttle_read_bps.n &&
	    !b->throttle_write_bps.n && !b->throttle_read_iops.n && !b->throttle_write_iops.n)
		return 0;
	version = cgroup_need(cg, CTL_IO, "block I/O limit", err);
	if (version < 0)
		return version;
	r = io_weight(cg, version, b, err);
	if (r == 0)
		r = io_weight_devices(cg, version, b, err);
	if (r == 0)
		r = io_throttle(cg, version, &b->throttle_read_bps,
				"blkio.throttle.read_bps_device", "rbps", err);
	if (r == 0)
		r = io_throttle(cg, version, &b->throttle_write_bps,
				"blkio.throttle.write_bps_device", "wbps", err);
	if (r == 0)
		r = io_throttle(cg, version, &b->throttle_read_iops,
				"blkio.throttle.read_iops_device", "riops", err);
	if (r == 0)
		r = io_throttle(cg, version, &b->throttle_write_iops,
				"blkio.throttle.write_iops_device", "wiops", err);
	return r;
}
