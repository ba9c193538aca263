//! OAuth 2.0: programs of others that act for a workspace.

mod authlib;
mod clients;
mod consent;
mod exchange;
mod limits;
mod tokens;
