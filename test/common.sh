# shellcheck shell=bash
# What the scripts in test/ share: where things are, and who the server is.

top=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)

say() {
	printf '%s\n' "$*"
}

die() {
	printf '%s: %s\n' "$(basename "$0")" "$*" >&2
	exit 1
}

# find_pg_config: the pg_config of a server that is here complete with its
# headers: the one of PG_CONFIG or PG_MAJOR, else the newest.
find_pg_config() {
	local candidate candidates

	if [ -n "${PG_CONFIG:-}" ]; then
		candidates=$PG_CONFIG
	elif [ -n "${PG_MAJOR:-}" ]; then
		candidates=/usr/lib/postgresql/$PG_MAJOR/bin/pg_config
	else
		candidates="$(ls -d /usr/lib/postgresql/*/bin/pg_config 2>/dev/null |
			sort -t/ -k5 -rV) pg_config"
	fi
	for candidate in $candidates; do
		candidate=$(command -v "$candidate") || continue
		[ -e "$("$candidate" --pgxs 2>/dev/null)" ] || continue
		[ -x "$("$candidate" --bindir)/initdb" ] || continue
		printf '%s\n' "$candidate"
		return 0
	done
	return 1
}

# server_user: PostgreSQL refuses to run as root; then it runs as this user.
server_user() {
	[ "$(id -u)" = 0 ] || return 0
	if id postgres >/dev/null 2>&1; then
		printf 'postgres\n'
	else
		printf 'nobody\n'
	fi
}

# as_server COMMAND...: run it as the user of the server, who may not be able
# to read the directory we are in
as_server() (
	cd / || exit 1
	user=$(server_user)
	if [ -n "$user" ]; then
		exec setpriv --reuid "$user" --regid "$(id -g "$user")" --clear-groups -- \
			env HOME=/tmp "$@"
	else
		exec "$@"
	fi
)

# find_program NAME: also where only root's PATH goes
find_program() {
	PATH=$PATH:/usr/local/sbin:/usr/sbin:/sbin command -v "$1"
}

# has_extension NAME: can the server install it?
has_extension() {
	local pg_config

	pg_config=$(find_pg_config) &&
		[ -e "$("$pg_config" --sharedir)/extension/$1.control" ]
}

# find_clang: clang, or the newest clang-NN
find_clang() {
	command -v clang && return 0
	find /usr/bin -regex '.*/clang-[0-9]+' | sort -V | tail -1 | grep .
}

# can_fuzz CLANG: has it libFuzzer and AddressSanitizer?
can_fuzz() {
	local program status

	program=$(mktemp) || return 1
	printf '%s\n' '#include <stdint.h>' '#include <stddef.h>' \
		'int LLVMFuzzerTestOneInput(const uint8_t *d, size_t n)' \
		'{ return d == 0 && n > 0; }' |
		"$1" -x c -fsanitize=fuzzer,address -o "$program" - >/dev/null 2>&1
	status=$?
	rm -f "$program"
	return "$status"
}

# list_of NAME: the words of a list in the Makefile, one a line
list_of() {
	make -s --no-print-directory -C "$top" "list-$1" | tr ' ' '\n' | grep .
}
