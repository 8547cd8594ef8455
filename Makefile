# Thin names for what scripts/ and cargo do.
.PHONY: help run test check soak bench deny release clean-site
.DEFAULT_GOAL := help

help: ## this list
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/make \1	\2/p' Makefile | expand -t 20

# The quick WASM: the small one would keep a newcomer waiting minutes longer, at every change too,
# and a page from this machine loads as fast with either.
run: ## sets up what is missing, builds, and runs the demo
	@scripts/setup run
	@scripts/front dev
	@cargo run -- demo

test: ## everything: check, then all tests on both databases and in a browser
	@scripts/setup test
	@scripts/test

check: ## format, lints and types, without running anything
	@scripts/setup run
	@scripts/check

# The same tests as in make test, which kills 200 times and races 1,000 times on each database.
soak: ## kills a process in the middle of running resets, and races recoveries, again and again: make soak N=2000
	@scripts/setup test
	@REKEY_TEST_KILLS=$${N:-2000} REKEY_TEST_RACES=$${N:-2000} scripts/with-postgres \
		cargo test --test main -- killed_anywhere at_once_end_in_one_story

bench: ## speed, at 10,000 and 1,000,000 users (ten minutes; REKEY_BENCH_USERS=10000 is quicker)
	@scripts/setup bench
	@scripts/bench

deny: ## licences, sources and known holes of what we depend on
	@scripts/deny

release: ## the one file to ship, with the small WASM inside
	@scripts/setup run
	@scripts/front release
	@cargo build --release

clean-site: ## throws away what the browser gets; the next build lays it out anew
	@rm -rf target/site
