// SPDX-License-Identifier: Apache-2.0
#include "base/fd.h"
#include "cli/cli.h"

int main(int argc, char **argv)
{
	if (fd_guard_stdio() < 0)
		return 125;
	return cli_main(argc, argv);
}
