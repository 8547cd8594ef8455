//! The tests that need a database, in one binary. Every one of them runs on both engines: see `suite/harness.rs`.

mod suite;
