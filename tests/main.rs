//! The tests that need a database, in one binary. Every one of them runs on both engines: see `suite/harness.rs`.

// A table of calls and a person with everything that can be amiss are plainer than a type for each.
#![allow(clippy::struct_excessive_bools, clippy::type_complexity)]

mod suite;
