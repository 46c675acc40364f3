// SPDX-License-Identifier: Apache-2.0
/*
 * child - what the new process knows while it makes itself the container.
 *
 * It is a clone of the caller: everything the parent had in memory is there. Fds are its own.
 */
#pragma once

#include "run/namespace.h"
#include "run/run.h"

struct child {
	const struct run_options *o;
	const struct oci_spec *spec;
	const struct namespaces *ns;
	const char *bundle;          /* its path, when there are hooks */
	const char *cgroup_path;     /* NULL: none */
	const struct cgroup *cgroup; /* as it was at the clone */
	int sock;
	bool userns;       /* new or joined: not the host's root any more */
	bool await_cgroup; /* MESSAGE_CGROUP is still to come */
	bool private_tree; /* all mounts are MS_PRIVATE: binds need not be made so again */
	int root_mount;    /* detached root; made by the parent when userns, else -EBADF */
	int *sources; /* detached bind sources made by the parent, by mount, or -EBADF; or NULL */
	int root;     /* O_PATH of the attached root */
	int proc;     /* our own procfs, never looked up by path; -EBADF until needed */
	int dev;      /* /dev of the container, when we mounted it */
	bool dev_readonly;  /* when all is made in it */
	int devpts;         /* likewise /dev/pts */
	int null_host;      /* the host's /dev/null, verified */
	int terminal_slave; /* -EBADF: no terminal */
};

/* Never returns: exec or exit. */
NORETURN void child_main(struct child *c);
/* Waits for the parent's word that all cgroups are made, and enters those that are left; once. */
int child_await_cgroup(struct child *c, struct err *err);
/* Our own procfs: the one mounted for the container when that is a whole one, else a hidden one. */
int child_procfs(struct child *c, struct err *err);

/* mount.c */
struct mount_options;
enum mount_place_flags {
	MOUNT_NO_LINKS = 1 << 0, /* the target must not be reached through a symbolic link */
	MOUNT_ATTRS = 1 << 1,    /* the options' attributes are still to be set */
	MOUNT_IMITATE = 1 << 2,  /* take over mode (and with tmpcopyup, content) of the target */
};
/* Puts a detached mount on its destination inside the root. */
int mount_place(struct child *c, int mount_fd, const struct oci_mount *m,
		const struct mount_options *o, enum mount_place_flags flags, struct err *err);
/* A detached clone of what is to be bound. A path below a source that others may write to (a volume)
 * is looked up inside it: a link there leads nowhere else, and nothing can be swapped behind our
 * back. */
int mount_open_source(int dirfd, const struct oci_mount *m, const struct mount_options *o,
		      struct err *err);
int mount_all(struct child *c, struct err *err);
/* Binds one host file over a path of the root, which is made when it is missing. */
int mount_file(struct child *c, const char *source, const char *dest, struct err *err);
/* MS_PRIVATE when nothing in the configuration wants to share, MS_SLAVE, or 0: leave as it is. */
unsigned long mount_tree_propagation(const struct oci_spec *spec);
int mount_root_propagation(const struct oci_spec *spec, struct err *err);
/* mount-idmap.c */
/* In the parent, with the host's rights: detached clones in c->sources of those bind sources that
 * the child could not open. */
int mount_sources(struct child *c, struct err *err);
/* A user namespace with these mappings and nobody in it, to map mounts by: an fd. */
int idmap_userns(const struct json_list *uids, const struct json_list *gids, struct err *err);
int idmap_mount(int mount_fd, int userns, bool recursive, const char *what, struct err *err);
/* mount-cgroup.c */
int mount_cgroup(struct child *c, const struct oci_mount *m, struct mount_options *o,
		 struct err *err);
/* mount-copyup.c: what is in the directory `target` into the new mount. */
int mount_copy_up(int target, int mount_fd, const char *what, struct err *err);

/* device.c */
int device_null_host(struct err *err); /* an fd that is char 1:3, or an error */
int device_all(struct child *c, struct err *err);
/* mask.c */
int mask_all(struct child *c, struct err *err);
/* sysctl.c */
int sysctl_all(struct child *c, struct err *err);
/* terminal.c: the pty's master goes to the parent, the slave stays in *ret_slave. */
int terminal_open(int sock, int root, int devpts, const struct oci_process *p, int *ret_slave,
		  struct err *err);
int terminal_bind_console(struct child *c, struct err *err);

/* process.c: the steps that init and exec share. */
struct process_setup {
	const struct oci_process *process;
	const void *seccomp;
	size_t seccomp_len;
	unsigned seccomp_flags; /* SECCOMP_FILTER_FLAG_* */
	const int *stdio;       /* three fds, -EBADF: /dev/null; ignored with a slave */
	int slave;              /* terminal, or -EBADF */
	int null_fd;            /* what -EBADF stands for */
	int sock;               /* moved to the first fd after the preserved ones */
	int start_fd;           /* not 0: kept, as the fd after that */
	unsigned preserve_fds;
	bool keep_keyring;
	bool die_with_parent;
	/* Runs as the process, just before exec: with its user, capabilities and seccomp. NULL: no */
	int (*before_exec)(void *data, struct err *err);
	void *before_exec_data;
	bool make_cwd; /* a missing working directory is made, as Docker does at start */
	const char *const *prefix; /* words before process->args, or NULL */
};
/* Session, terminal, stdio, cwd, rlimits, scheduling: everything that needs no answer and is not
 * undone by a change of user. All fds but 0..2, the preserved ones, the socket and start_fd are
 * closed. */
int process_prepare(struct process_setup *s, struct err *err);
/* User, capabilities, seccomp, exec. Returns only on failure. */
int process_exec(const struct process_setup *s, struct err *err);

/* lsm.c */
int lsm_set_exec_label(const struct oci_process *p, int proc, struct err *err);
bool lsm_wanted(const struct oci_process *p);
