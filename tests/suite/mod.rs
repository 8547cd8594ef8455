#[macro_use]
mod harness;
mod dump;
mod place;

mod audit;
mod backup_codes;
mod browser;
mod commands;
mod crashes;
mod house;
mod http;
mod import;
mod isolation;
mod journeys;
mod keys;
mod lists;
mod outbox;
mod policy;
mod races;
mod recovery;
mod reset;
mod security;
mod sessions;
mod set_up;
mod sign_in;
mod smtp_sink;
mod totp;
