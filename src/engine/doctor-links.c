// SPDX-License-Identifier: Apache-2.0
/*
 * What root's networks are made of. Each is made in a network namespace that nobody else sees and
 * that is gone with the child that made it: the kernel loads the module by itself, if there is one,
 * which no list of modules tells for sure. rtnetlink(7), linux/netfilter/nf_tables.h.
 */
#include <fcntl.h>
#include <linux/if_link.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/rtnetlink.h>
#include <sched.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>

#include "base/str.h"
#include "engine/doctor.h"
#include "run/spawn.h"

struct request {
	struct nlmsghdr head;
	char data[256];
};

static void *append(struct request *r, size_t len)
{
	void *at = (char *)r + NLMSG_ALIGN(r->head.nlmsg_len);

	r->head.nlmsg_len = (uint32_t)(NLMSG_ALIGN(r->head.nlmsg_len) + len);
	return at;
}

/* The kernel's answer to one request: 0 or a negative errno. */
static int ask(int protocol, struct request *r)
{
	cleanup_fd int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, protocol);
	char answer[4096] __attribute__((aligned(8)));
	const struct nlmsghdr *h = (const struct nlmsghdr *)answer;
	ssize_t n;

	if (fd < 0 || send(fd, r, r->head.nlmsg_len, 0) < 0)
		return -errno;
	n = recv(fd, answer, sizeof(answer), 0);
	if (n < (ssize_t)sizeof(*h))
		return n < 0 ? -errno : -EIO;
	if (h->nlmsg_type == NLMSG_ERROR && n >= (ssize_t)NLMSG_LENGTH(sizeof(struct nlmsgerr)))
		return ((const struct nlmsgerr *)NLMSG_DATA(h))->error;
	return 0;
}

static int make_link(const char *kind)
{
	struct request r = {
		.head = {.nlmsg_len = NLMSG_HDRLEN,
			 .nlmsg_type = RTM_NEWLINK,
			 .nlmsg_flags = NLM_F_REQUEST | NLM_F_ACK | NLM_F_CREATE | NLM_F_EXCL}};
	struct rtattr *info, *name;
	size_t len = strlen(kind);

	(void)append(&r, sizeof(struct ifinfomsg));
	info = append(&r, sizeof(*info));
	name = append(&r, RTA_LENGTH(len));
	name->rta_type = IFLA_INFO_KIND;
	name->rta_len = (uint16_t)RTA_LENGTH(len);
	memcpy(RTA_DATA(name), kind, len);
	info->rta_type = IFLA_LINKINFO;
	info->rta_len = (uint16_t)((char *)&r + r.head.nlmsg_len - (char *)info);
	return ask(NETLINK_ROUTE, &r);
}

static int make_veth(void)
{
	return make_link("veth");
}

static int make_bridge(void)
{
	return make_link("bridge");
}

static int ask_nftables(void)
{
	struct request r = {.head = {.nlmsg_len = NLMSG_HDRLEN,
				     .nlmsg_type = NFNL_SUBSYS_NFTABLES << 8 | NFT_MSG_GETGEN,
				     .nlmsg_flags = NLM_F_REQUEST | NLM_F_ACK}};
	struct nfgenmsg *m = append(&r, sizeof(*m));

	m->version = NFNETLINK_V0;
	return ask(NETLINK_NETFILTER, &r);
}

/* The exit code is the errno. */
static int try_it(int (*fn)(void))
{
	int status;
	pid_t pid = spawn_clone(CLONE_NEWNET, -EBADF, NULL);

	if (pid == 0)
		_exit(-fn() & 0xff);
	if (pid < 0)
		return pid;
	if (waitpid(pid, &status, 0) != pid || !WIFEXITED(status))
		return -EIO;
	return -WEXITSTATUS(status);
}

void doctor_links(struct doctor *d)
{
	static const struct {
		const char *what, *module;
		int (*fn)(void);
	} rows[] = {
		{"veth", "veth", make_veth},
		{"bridge", "bridge", make_bridge},
		{"nftables", "nf_tables", ask_nftables},
	};

	for (size_t i = 0; !d->rootless && i < ARRAY_SIZE(rows); i++) {
		int r = try_it(rows[i].fn);

		doctor_say(d, r < 0 ? DOCTOR_WARN : DOCTOR_OK, rows[i].what,
			   r < 0 ? strerror(-r) : "there",
			   arena_printf(d->a,
					"modprobe %s, or a kernel that has it: for networks of "
					"containers",
					rows[i].module));
	}
}
