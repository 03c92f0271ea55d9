# contact_pressure: a PostgreSQL extension
#
#   make test     prepare this machine (apt, only what is missing), build, run every test
#   make demo     the same preparation, then the main job on 100,000 people
#                 (make demo DATA=../shared/data: on the Complete Journey campaigns)
#   make bench    the same preparation, then the speed ratios
#   make && make install        build and install for the server of pg_config
#   make installcheck           SQL tests against a server that has it installed
#
# Also out of tree: make -f ../contact_pressure/Makefile

EXTENSION = contact_pressure
EXTVERSION = 0.1.0
MODULE_big = contact_pressure

# Every list is explicit: the order of the script matters, a VPATH build sees
# no glob, and test/check-files fails on a file that is in none of them.

OBJS = \
	src/contact_pressure.o \
	src/core.o \
	src/core_pg.o \
	src/history/calendar_core.o \
	src/history/calendar_pg.o \
	src/history/history_agg.o \
	src/history/history_append.o \
	src/history/history_ask.o \
	src/history/history_build.o \
	src/history/history_core.o \
	src/history/history_edit.o \
	src/history/history_finish.o \
	src/history/history_funcs.o \
	src/history/history_io.o \
	src/history/history_pg.o \
	src/history/history_text.o \
	src/history/history_trim.o \
	src/history/history_wire.o \
	src/history/instant.o \
	src/history/label.o \
	src/history/rolling.o \
	src/json_core.o \
	src/ledger/batch.o \
	src/ledger/batch_write.o \
	src/ledger/check.o \
	src/ledger/find.o \
	src/ledger/judge.o \
	src/ledger/log_row.o \
	src/ledger/outcome_core.o \
	src/ledger/people.o \
	src/ledger/person.o \
	src/ledger/policies.o \
	src/ledger/read.o \
	src/ledger/record.o \
	src/ledger/report.o \
	src/ledger/reserve.o \
	src/ledger/row.o \
	src/ledger/settle.o \
	src/ledger/settle_many.o \
	src/ledger/write.o \
	src/policy/asker.o \
	src/policy/asker_columns.o \
	src/policy/policy_bind.o \
	src/policy/policy_build.o \
	src/policy/policy_clause.o \
	src/policy/policy_core.o \
	src/policy/policy_error.o \
	src/policy/policy_gram.o \
	src/policy/policy_hint.o \
	src/policy/policy_io.o \
	src/policy/policy_lint_compare.o \
	src/policy/policy_lint_core.o \
	src/policy/policy_lint_ground.o \
	src/policy/policy_lint_open.o \
	src/policy/policy_match.o \
	src/policy/policy_meaning.o \
	src/policy/policy_rules.o \
	src/policy/policy_scan.o \
	src/policy/policy_text.o \
	src/policy/policy_week.o \
	src/policy/policy_words.o \
	src/policy/verdict.o \
	src/policy/verdict_core.o \
	src/policy/verdict_next.o \
	src/policy/verdict_pause.o \
	src/rfm/decimal_core.o \
	src/rfm/model_agg.o \
	src/rfm/model_core.o \
	src/rfm/model_fit.o \
	src/rfm/model_io.o \
	src/rfm/model_text.o \
	src/rfm/numeric_pg.o \
	src/rfm/rfm_agg.o \
	src/rfm/rfm_core.o \
	src/rfm/rfm_funcs.o \
	src/rfm/rfm_io.o \
	src/rfm/rfm_text.o \
	src/rfm/score.o \
	src/rfm/segment_lint.o \
	src/rfm/segment_map.o \
	src/rfm/segment_pg.o \
	src/segment/apply.o \
	src/segment/base.o \
	src/segment/customer.o \
	src/segment/purchase.o \
	src/segment/sums.o

HEADER_FILES = \
	src/compat.h \
	src/core.h \
	src/core_pg.h \
	src/history/ask.h \
	src/history/builder.h \
	src/history/calendar.h \
	src/history/expiry.h \
	src/history/history.h \
	src/history/history_parts.h \
	src/history/history_pg.h \
	src/history/label.h \
	src/history/slots.h \
	src/json.h \
	src/ledger/batch.h \
	src/ledger/find.h \
	src/ledger/judge.h \
	src/ledger/ledger.h \
	src/ledger/outcome.h \
	src/ledger/policies.h \
	src/ledger/reserve.h \
	src/ledger/row.h \
	src/ledger/settle.h \
	src/ledger/write.h \
	src/policy/asker.h \
	src/policy/policy.h \
	src/policy/policy_build.h \
	src/policy/policy_lint.h \
	src/policy/policy_pg.h \
	src/policy/policy_words.h \
	src/policy/rules.h \
	src/policy/verdict.h \
	src/policy/verdict_parts.h \
	src/rfm/decimal.h \
	src/rfm/model.h \
	src/rfm/model_pg.h \
	src/rfm/rfm.h \
	src/rfm/rfm_pg.h \
	src/rfm/segment_map.h \
	src/segment/segment.h

# The install script, in this order.
SQL_MODULES = \
	src/schema.sql \
	src/history/history.sql \
	src/policy/policy.sql \
	src/policy/verdict.sql \
	src/policy/rules.sql \
	src/rfm/rfm.sql \
	src/rfm/model.sql \
	src/rfm/segment_map.sql \
	src/ledger/tables.sql \
	src/ledger/policies.sql \
	src/ledger/read.sql \
	src/ledger/reserve.sql \
	src/ledger/settle.sql \
	src/ledger/people.sql \
	src/ledger/report.sql \
	src/ledger/track.sql \
	src/ledger/track_responses.sql \
	src/ledger/track_tables.sql \
	src/ledger/maintain.sql \
	src/ledger/audit.sql \
	src/segment/tables.sql \
	src/segment/value.sql \
	src/segment/purchases.sql \
	src/segment/check.sql \
	src/segment/people.sql \
	src/segment/refresh.sql \
	src/segment/moves.sql \
	src/segment/jobs.sql \
	src/ledger/access.sql

# sql/NAME.sql and expected/NAME.out
REGRESS = \
	history \
	history_errors \
	ledger_people \
	ledger_reserve \
	ledger_settle \
	policy \
	policy_errors \
	rfm \
	rfm_model \
	rules \
	segment_map \
	verdict

# test/pgtap/NAME.sql
PGTAP = \
	catalogue \
	engagement \
	history \
	history_aggregate \
	history_damaged \
	ledger_access \
	ledger_audit \
	ledger_people \
	ledger_reserve \
	ledger_settle \
	ledger_track \
	policy_language \
	published_cases \
	reference \
	rescore \
	rfm \
	rfm_customers \
	rfm_model \
	rfm_published \
	rules \
	segments_moves \
	segments_purchases \
	segments_refresh \
	trimmed \
	twin \
	twin_by_hand

# test/isolation/specs/NAME.spec and test/isolation/expected/NAME.out
ISOLATION = \
	batch_batch \
	campaign_reserve \
	confirm_opt_out \
	fact_reserve \
	fill_attach \
	first_contact \
	forget_reserve \
	key_retried \
	lease_ended \
	load_merge \
	merge_reserve \
	opt_out_batch \
	order_delete \
	order_fill \
	order_fit \
	order_merge \
	order_order \
	order_refresh \
	order_reserve \
	order_snapshot \
	policy_changed \
	reserve_cancel \
	reserve_reserve \
	response_reserve

# test/fuzz/NAME.c, a libFuzzer target each; linked with the pure cores and
# what stands in for the server
FUZZ = \
	fuzz_calendar \
	fuzz_history \
	fuzz_lint \
	fuzz_outcome \
	fuzz_policy \
	fuzz_rfm \
	fuzz_rfm_model \
	fuzz_verdict

CORE_SOURCES = \
	src/core.c \
	src/history/calendar_core.c \
	src/history/history_append.c \
	src/history/history_ask.c \
	src/history/history_build.c \
	src/history/history_core.c \
	src/history/history_finish.c \
	src/history/history_text.c \
	src/history/history_trim.c \
	src/history/history_wire.c \
	src/history/instant.c \
	src/history/label.c \
	src/json_core.c \
	src/ledger/outcome_core.c \
	src/policy/policy_bind.c \
	src/policy/policy_build.c \
	src/policy/policy_clause.c \
	src/policy/policy_core.c \
	src/policy/policy_error.c \
	src/policy/policy_gram.y \
	src/policy/policy_hint.c \
	src/policy/policy_lint_compare.c \
	src/policy/policy_lint_core.c \
	src/policy/policy_lint_ground.c \
	src/policy/policy_lint_open.c \
	src/policy/policy_match.c \
	src/policy/policy_meaning.c \
	src/policy/policy_scan.l \
	src/policy/policy_text.c \
	src/policy/policy_week.c \
	src/policy/policy_words.c \
	src/policy/verdict_core.c \
	src/policy/verdict_next.c \
	src/policy/verdict_pause.c \
	src/rfm/decimal_core.c \
	src/rfm/model_core.c \
	src/rfm/model_fit.c \
	src/rfm/model_text.c \
	src/rfm/rfm_core.c \
	src/rfm/rfm_text.c \
	src/rfm/segment_lint.c \
	src/rfm/segment_map.c \
	test/fuzz/standalone.c

# What the tests need besides.
TEST_FILES = \
	test/bench/build.sql \
	test/bench/data.sql \
	test/bench/duckdb.mjs \
	test/bench/harness.sql \
	test/bench/ledger-rates \
	test/bench/ledger.sql \
	test/bench/rfm.sql \
	test/bench/run \
	test/bench/segments \
	test/bench/segments.sql \
	test/bench/size.sql \
	test/bench/turns.sh \
	test/bench/verdict.sql \
	test/check-files \
	test/common.sh \
	test/demo/answer.sql \
	test/demo/cdnow.sql \
	test/demo/check.sql \
	test/demo/generated.sql \
	test/demo/history.sql \
	test/demo/journey.sql \
	test/demo/ledger.sql \
	test/demo/ledger_report.sql \
	test/demo/log.sql \
	test/demo/opt_out.sql \
	test/demo/purchases.sql \
	test/demo/report.sql \
	test/demo/retail.sql \
	test/demo/run \
	test/demo/schema.sql \
	test/demo/score.sql \
	test/demo/segments.sql \
	test/demo/sender.sql \
	test/demo/shop.sql \
	test/docs/run \
	test/dump-restore \
	test/fuzz/run \
	test/fuzz/standalone.h \
	test/install \
	test/isolation/run \
	test/maintain/maintain.sql \
	test/maintain/run \
	test/pgbouncer \
	test/prepare \
	test/private-server \
	test/regress \
	test/run \
	test/segments/listen \
	test/segments/purchases \
	test/segments/replay \
	test/segments/replay.sql \
	test/segments/run \
	test/stress/audit.sql \
	test/stress/run \
	test/stress/setup.sql \
	test/twin/compare.sql \
	test/twin/generate.sql \
	test/twin/published.sql \
	test/twin/run \
	test/twin/segments.sql \
	test/twin/twin.sql \
	test/ubsan

# Every SQL block of these is run by test/docs/run.
DOCUMENTS = \
	README.md \
	doc/binary-formats.md \
	doc/esp-events.md \
	doc/ledger.md \
	doc/managed-services.md \
	doc/people.md \
	doc/policies/README.md \
	doc/policies/app.md \
	doc/policies/b2b.md \
	doc/policies/bank.md \
	doc/policies/charity.md \
	doc/policies/cruise.md \
	doc/policies/loyalty.md \
	doc/policies/marketplace.md \
	doc/policies/publisher.md \
	doc/policies/retailer.md \
	doc/policies/telecom.md \
	doc/policy-language.md \
	doc/published-cases.md \
	doc/reference.md \
	doc/rfm.md \
	doc/segments.md

DATA_built = $(EXTENSION)--$(EXTVERSION).sql

# Each test finds the extension installed in its database and says itself
# SET search_path = contact_pressure, public and which TimeZone it is in.
REGRESS_OPTS = --load-extension=$(EXTENSION)

PG_CPPFLAGS = -I$(srcdir)/src -Isrc
PG_CFLAGS = -Wall -Wextra -Wno-unused-parameter \
	-Werror=implicit-function-declaration \
	$(PG_CFLAGS_$(PORTNAME))
PG_CFLAGS_linux = -fno-semantic-interposition
# The server loads modules into one global scope: our calls are to ourselves,
# whatever another module calls its functions.
SHLIB_LINK = $(SHLIB_LINK_$(PORTNAME))
SHLIB_LINK_linux = -Wl,-Bsymbolic
EXTRA_CLEAN = src/policy/policy_gram.c src/policy/policy_gram.h \
	src/policy/policy_scan.c .build-lock

# Bitcode lets the JIT inline across modules; these functions are too big to
# be inlined, and clang would have to be there in the server's version.
override with_llvm := no

PG_CONFIG ?= pg_config
PGXS := $(shell $(PG_CONFIG) --pgxs 2>/dev/null)
topdir := $(patsubst %/,%,$(dir $(lastword $(MAKEFILE_LIST))))

ifneq ($(wildcard $(PGXS)),)
include $(PGXS)

# Look for sources only in the source tree, so that a build out of tree works
# beside one in the tree and takes none of its objects.
VPATH :=
vpath %.c $(topdir)
vpath %.l $(topdir)
vpath %.y $(topdir)
vpath %.control $(topdir)

# A rebuild after a change of any header is a full one: cheap and right.
$(OBJS): $(addprefix $(topdir)/,$(HEADER_FILES)) $(topdir)/Makefile | src/history src/ledger src/policy src/rfm src/segment

src/history src/ledger src/policy src/rfm src/segment:
	$(MKDIR_P) $@

# The parser: bison writes the header beside the code, here or (found by
# VPATH) in a source tree that was built before.
src/policy/policy_gram.c: BISONFLAGS += -d
src/policy/policy_gram.c src/policy/policy_scan.c: | src/policy
src/policy/policy_build.o src/policy/policy_clause.o src/policy/policy_error.o \
src/policy/policy_hint.o src/policy/policy_scan.o: src/policy/policy_gram.c
# generated code has what -Wextra dislikes
src/policy/policy_gram.o: CFLAGS += -Wno-unused-but-set-variable
src/policy/policy_scan.o: CFLAGS += -Wno-sign-compare -Wno-unused-function

$(EXTENSION)--$(EXTVERSION).sql: $(addprefix $(topdir)/,$(SQL_MODULES)) $(topdir)/Makefile
	cat $(filter %.sql,$^) >$@.tmp && mv $@.tmp $@
else
all install installcheck clean:
	@echo 'The headers of the PostgreSQL server are missing.' >&2
	@echo 'On Debian and Ubuntu: run test/prepare, or apt install postgresql-server-dev-all' >&2
	@echo 'Elsewhere: make PG_CONFIG=/path/to/pg_config' >&2
	@exit 1
endif

# What prepares the machine by itself and runs on a private server.
test:
	@$(topdir)/test/run
test-ubsan:
	@$(topdir)/test/prepare && $(topdir)/test/ubsan
demo:
	@$(topdir)/test/demo/run $(if $(DATA),'$(DATA)')
bench:
	@$(topdir)/test/prepare && $(topdir)/test/bench/run

# For the scripts in test/: a list of this file
list-%:
	@echo $($*)

.PHONY: test test-ubsan demo bench
