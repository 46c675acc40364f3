// SPDX-License-Identifier: Apache-2.0
/*
 * blkio - "PATH:NUMBER[UNIT]" of --device-read-bps and its like, and of --blkio-weight-device.
 */
#pragma once

#include "spec/container.h"

/* Bytes a second: units allowed ("/dev/sda:1mb"). */
int blkio_parse_bps(struct arena *a, const char *s, struct container_throttle_device *out,
		    struct err *err);
/* Operations a second. */
int blkio_parse_iops(struct arena *a, const char *s, struct container_throttle_device *out,
		     struct err *err);
/* 0, or 10 to 1000. */
int blkio_parse_weight(struct arena *a, const char *s, struct container_weight_device *out,
		       struct err *err);
