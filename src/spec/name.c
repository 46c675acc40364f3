// SPDX-License-Identifier: Apache-2.0
#include "spec/name.h"

#include <ctype.h>
#include <stdbool.h>
#include <string.h>

#define GRAMMAR "[a-zA-Z0-9][a-zA-Z0-9_.-]"

/* clang-format off */
static const char *const adjectives[] = {
	"able", "agile", "amber", "ample", "apt", "arctic", "aware", "balanced", "blithe",
	"bold", "brave", "breezy", "bright", "brisk", "buoyant", "calm", "candid", "canny",
	"cheery", "civil", "clear", "clever", "copper", "coral", "crisp", "curious", "dapper",
	"daring", "deft", "dutiful", "eager", "earnest", "easy", "fair", "fearless", "fleet",
	"frank", "gallant", "genial", "gentle", "glad", "golden", "handy", "hardy", "hearty",
	"helpful", "honest", "humble", "jaunty", "jolly", "keen", "kindly", "lively", "loyal",
	"lucid", "mellow", "merry", "mighty", "mindful", "neat", "nifty", "nimble", "noble",
	"patient", "placid", "plucky", "polished", "prompt", "proud", "quick", "quiet",
	"rapid", "ready", "robust", "rosy", "rugged", "salty", "sanguine", "seaworthy",
	"serene", "sharp", "silver", "sincere", "sleek", "snug", "sober", "solid", "spirited",
	"sprightly", "spry", "staunch", "steady", "sterling", "stout", "sunny", "sure",
	"swift", "tactful", "tender", "thrifty", "tidy", "trim", "trusty", "upbeat", "valiant",
	"vivid", "wakeful", "warm", "watchful", "windward", "wise", "witty", "zesty",
};

/* People of science, engineering and the sea. */
static const char *const surnames[] = {
	"abel", "adams", "agnesi", "aiken", "amundsen", "anning", "apgar", "ashby", "avogadro",
	"baker", "banneker", "barents", "bayes", "beaufort", "bernoulli", "bessel",
	"blackwell", "bolyai", "bowditch", "boyle", "bragg", "brahe", "brunel", "burnell",
	"byron", "cabot", "cantor", "carnot", "cauchy", "cavendish", "cerf", "chandra",
	"clarke", "codd", "columba", "conway", "cook", "cooper", "coriolis", "cousteau",
	"cray", "curie", "daimler", "darby", "davy", "dedekind", "denham", "descartes",
	"diesel", "dirac", "doppler", "drake", "durand", "earhart", "eckert", "edwards",
	"ekman", "eratosthenes", "euclid", "euler", "faraday", "fermat", "fisher", "fitzroy",
	"flinders", "foucault", "fourier", "franklin", "fresnel", "froude", "fulton",
	"gagarin", "galois", "gauss", "germain", "gibbs", "godel", "gosset", "gray",
	"grimaldi", "haber", "hadley", "halley", "hamilton", "harrison", "heaviside", "hertz",
	"hilbert", "hipparchus", "hooke", "hopper", "hubble", "hudson", "humboldt", "huygens",
	"jacobi", "jenner", "joule", "kepler", "kirchhoff", "kovalevsky", "lagrange",
	"langley", "laplace", "leavitt", "leibniz", "lister", "lorenz", "lovelace", "magellan",
	"marconi", "mawson", "maxwell", "meitner", "mendel", "mercator", "michelson",
	"mitchell", "morse", "nansen", "napier", "nelson", "newton", "noether", "nyquist",
	"oersted", "ohm", "pascal", "pauling", "peary", "perkin", "planck", "plimsoll",
	"poisson", "polo", "ptolemy", "raman", "ramsay", "rayleigh", "riemann", "ritchie",
	"ross", "rowland", "rubin", "sabine", "scoresby", "shackleton", "shannon", "slocum",
	"snell", "somerville", "stokes", "sverdrup", "tasman", "tesla", "thales", "torricelli",
	"turing", "vespucci", "volta", "wallis", "watt", "weber", "wegener", "wiener", "wren",
	"yonge", "young", "zeeman", "zuse",
};
/* clang-format on */

static bool is_name(const char *s)
{
	size_t n = strlen(s);

	if (n < 2 || n > NAME_MAX_LEN || !isalnum((unsigned char)*s))
		return false;
	for (; *s; s++)
		if (!isalnum((unsigned char)*s) && !strchr("_.-", *s))
			return false;
	return true;
}

int name_check_container(const char *s, struct err *err)
{
	if (is_name(s))
		return 0;
	return err_set(err, ERR_INVALID,
		       "Invalid container name (%.300s), only " GRAMMAR " are allowed", s);
}

int name_check_volume(const char *s, struct err *err)
{
	if (is_name(s))
		return 0;
	if (strlen(s) == 1)
		return err_set(
			err, ERR_INVALID,
			"volume name is too short, names should be at least two alphanumeric "
			"characters");
	return err_set(
		err, ERR_INVALID,
		"\"%.300s\" includes invalid characters for a local volume name, only \"" GRAMMAR
		"\" are allowed. If you intended to pass a host directory, use absolute path",
		s);
}

char *name_invent(struct arena *a, uint64_t random, unsigned retry)
{
	const size_t n = ARRAY_SIZE(adjectives), m = ARRAY_SIZE(surnames);
	const char *adjective = adjectives[random % n], *surname = surnames[random / n % m];

	if (retry == 0)
		return arena_printf(a, "%s_%s", adjective, surname);
	return arena_printf(a, "%s_%s%u", adjective, surname, (unsigned)(random / n / m % 10));
}
