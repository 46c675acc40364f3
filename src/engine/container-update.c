// SPDX-License-Identifier: Apache-2.0
/*
 * update: the new limits are checked together with those that stay, written to the cgroup of a running
 * container first (the kernel may refuse), and then to the row.
 */
#include "base/str.h"
#include "engine/bundle.h"
#include "engine/private.h"

#define TEXT_MAX (8 << 20)

static void take_i64(int64_t *to, int64_t from)
{
	if (from)
		*to = from;
}

static void take_str(char **to, char *from)
{
	if (!str_empty(from))
		*to = from;
}

/* Zero members are left as they are. */
static int merge(struct container_resources *to, const struct container_resources *from,
		 const char *id, struct err *err)
{
	int64_t swap = to->memory_swap;

	/* --cpus and its two older forms take each other's place. */
	if (from->nano_cpus)
		to->cpu_period = to->cpu_quota = 0;
	if (from->cpu_period || from->cpu_quota) {
		if (to->nano_cpus)
			return err_set(err, ERR_CONFLICT,
				       "Conflicting options: CPU %s cannot be updated as NanoCPUs "
				       "has already "
				       "been set",
				       from->cpu_period ? "Period" : "Quota");
	}
	if (from->memory && swap > 0 && from->memory > swap && !from->memory_swap)
		return err_set(err, ERR_CONFLICT,
			       "Cannot update container %s: Memory limit should be smaller than "
			       "already set "
			       "memoryswap limit, update the memoryswap at the same time",
			       id);
	take_i64(&to->cpu_shares, from->cpu_shares);
	take_i64(&to->memory, from->memory);
	take_i64(&to->nano_cpus, from->nano_cpus);
	take_i64(&to->blkio_weight, from->blkio_weight);
	take_i64(&to->cpu_period, from->cpu_period);
	take_i64(&to->cpu_quota, from->cpu_quota);
	take_i64(&to->cpu_realtime_period, from->cpu_realtime_period);
	take_i64(&to->cpu_realtime_runtime, from->cpu_realtime_runtime);
	take_i64(&to->memory_reservation, from->memory_reservation);
	take_i64(&to->memory_swap, from->memory_swap);
	take_str(&to->cpuset_cpus, from->cpuset_cpus);
	take_str(&to->cpuset_mems, from->cpuset_mems);
	if (from->pids_limit.set && from->pids_limit.value)
		to->pids_limit = from->pids_limit;
	return 0;
}

static int merge_policy(struct container_host_config *h, const struct container_restart_policy *p,
			struct err *err)
{
	if (!p->name)
		return 0;
	if (h->auto_remove && !str_empty(p->name) && !str_eq(p->name, "no"))
		return err_set(
			err, ERR_CONFLICT,
			"Restart policy cannot be updated because AutoRemove is enabled for the "
			"container");
	h->restart_policy = *p;
	return bundle_check_restart(h, err);
}

static int apply(struct engine *e, struct arena *a, const struct container_info *c,
		 const struct container_resources *r, struct err *err)
{
	struct oci_resources res = {};
	cleanup_fd int conn = -EBADF;
	int ret = bundle_resources(a, r, &res, err);

	if (ret < 0 || !container_status_is_live(c->state.status))
		return ret;
	conn = container_connect(e, c->row.id, NULL);
	if (conn == -ENOENT ||
	    conn == -ECONNREFUSED) /* it ended: the next start takes the new limits */
		return 0;
	if (conn < 0)
		return err_sys(err, conn, "connect to the monitor of container %s", c->row.id);
	return monitor_update(conn, &res, err);
}

int container_update(struct engine *e, const char *key, const struct container_update_request *req,
		     struct err *err)
{
	cleanup(arena_free) struct arena *a = arena_new(16 << 20);
	cleanup(json_unref) json_t *j = NULL;
	cleanup(buf_done) struct buf text = BUF_INIT(TEXT_MAX);
	cleanup_fd int lock = -EBADF;
	struct container_host_config *h;
	struct container_info c;
	int r;

	if (!a)
		return err_oom(err);
	r = container_brief(e, a, key, &c, err);
	if (r < 0)
		return r;
	lock = container_lock(e, c.row.id, true, err);
	if (lock < 0)
		return lock;
	h = &c.config->host_config;
	r = merge(&h->resources, &req->resources, c.row.id, err);
	if (r == 0)
		r = merge_policy(h, &req->restart_policy, err);
	if (r == 0)
		r = bundle_check_resources(h, err);
	if (r == 0)
		r = apply(e, a, &c, &req->resources, err);
	if (r < 0)
		return r;
	j = container_create_encode_short(c.config);
	r = j ? json_write(&text, j, 0, err) : err_oom(err);
	if (r < 0)
		return r;
	c.row.config = text.data;
	return store_container_update(e->store, &c.row, err);
}
