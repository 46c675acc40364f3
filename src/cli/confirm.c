// SPDX-License-Identifier: Apache-2.0
#include "cli/confirm.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "spec/units.h"

bool confirm(const char *text)
{
	char answer[16];

	printf("WARNING! %s\nAre you sure you want to continue? [y/N] ", text);
	(void)fflush(stdout);
	if (!fgets(answer, sizeof(answer), stdin)) {
		putchar('\n');
		return false;
	}
	answer[strcspn(answer, "\r\n")] = 0;
	return strcasecmp(answer, "y") == 0 || strcasecmp(answer, "yes") == 0;
}

void confirm_reclaimed(int64_t bytes)
{
	char size[UNITS_TEXT_MAX];

	units_format_size(bytes, 4, size);
	printf("Total reclaimed space: %s\n", size);
}
