# shellcheck shell=bash
# What the parts of test/bench share that run pgbench: sourced with "people"
# and "turns" set.

work=$(mktemp -d) || exit 1
results=$PGDATABASE				# where bench.result is

sql() {
	psql -X -q -At -v ON_ERROR_STOP=1 "$@"
}

# script NAME: a pgbench script of what standard input says about person :id;
# the backend's CPU time is noted at its first and last transaction
script() {
	{
		say '\set id random(1, :people)'
		cat
		say '\set n :n + 1'
		say '\if :n = 1 or :n = :transactions'
		say 'INSERT INTO bench.cpu SELECT :client_id, :n,
			split_part(pg_read_file($$/proc/self/schedstat$$, 0, 1000, true),
				$$ $$, 1)::float8;'
		say '\endif'
	} >"$work/$1"
}

# turn SCRIPT CLIENTS TRANSACTIONS: its rate into $work/SCRIPT.rate and .cpu
turn() {
	sql -c 'TRUNCATE bench.cpu' || exit 1
	pgbench -n -M prepared -c "$2" -j "$2" -t "$3" -D "people=$people" \
		-D n=0 -D "transactions=$3" -f "$work/$1" >"$work/log" 2>&1 || {
		cat "$work/log" >&2
		exit 1
	}
	sed -n 's/^tps = \([0-9.]*\) .*/\1/p' "$work/log" >>"$work/$1.rate"
	sql -c "SELECT (max(ns) - min(ns)) / (max(n) - min(n)) / 1000
			FROM bench.cpu GROUP BY client HAVING count(*) = 2" >>"$work/$1.cpu"
}

# median FILE
median() {
	sort -g "$1" | sed -n "$((($(wc -l <"$1") + 1) / 2))p"
}

# report WHAT OURS THEIRS TARGET
report() {
	sql -d "$results" -v what="$1" -v ours="$2" -v theirs="$3" -v target="$4" <<-'SQL'
		INSERT INTO bench.result
		VALUES (:'what', nullif(:'ours', '')::float8,
			nullif(:'theirs', '')::float8,
			nullif(:'ours', '')::float8 / nullif(:'theirs', '')::float8,
			nullif(:'target', ''));
	SQL
	say "$1: $2 against $3 (target ${4:-none})" >&2
}

# compare WHAT OURS THEIRS CLIENTS TRANSACTIONS TARGET: two scripts
compare() {
	local what=$1 ours=$2 theirs=$3 i

	rm -f "$work/$ours."* "$work/$theirs."*
	# which of them goes first changes from turn to turn
	for ((i = 0; i < turns; i++)); do
		if [ $((i % 2)) = 0 ]; then
			turn "$ours" "$4" "$5"
			turn "$theirs" "$4" "$5"
		else
			turn "$theirs" "$4" "$5"
			turn "$ours" "$4" "$5"
		fi
	done
	report "$what, tps" "$(median "$work/$ours.rate")" \
		"$(median "$work/$theirs.rate")" "$6"
	report "$what, backend's CPU (us)" "$(median "$work/$ours.cpu")" \
		"$(median "$work/$theirs.cpu")" ''
}
