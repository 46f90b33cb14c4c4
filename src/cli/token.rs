//! `frontdesk token`: machine tokens.

use std::io::Write;

use clap::Subcommand;

use super::ask::ask;
use super::{Failure, Shared};
use crate::admin::{Answer, Request};
use crate::config::Config;

#[derive(Subcommand)]
pub enum Command {
    /// Make a token; it is printed once and kept only as a hash
    Create {
        /// Who will use it; a token of scope agent acts as the agent of this name
        #[arg(long)]
        name: String,
        /// ingest, read, agent, admin or assistant; several separated by commas
        #[arg(long, value_delimiter = ',', required = true)]
        scope: Vec<String>,
    },
    /// List tokens: id, state, scopes, made at, name
    List,
    /// Revoke a token, at once
    Revoke {
        /// The id that `token list` shows
        id: u64,
    },
}

pub fn run(command: &Command, shared: &Shared, out: &mut dyn Write) -> Result<(), Failure> {
    let config = Config::load(&shared.sources())?;
    let request = match command {
        Command::Create { name, scope } => {
            let scopes = crate::admin::scopes(scope).map_err(Failure::usage)?;
            Request::TokenCreate { name: name.clone(), scopes }
        }
        Command::List => Request::TokenList,
        Command::Revoke { id } => Request::TokenRevoke { id: *id },
    };
    ask(&config, request, |answer| {
        match answer {
            Answer::NewToken { token, .. } => writeln!(out, "{token}")?,
            Answer::Token(line) => {
                let scopes: Vec<_> = line.scopes.iter().map(|s| s.as_str()).collect();
                let state = if line.revoked { "revoked" } else { "active" };
                let scopes = scopes.join(",");
                writeln!(
                    out,
                    "{}\t{state}\t{scopes}\t{}\t{}",
                    line.id, line.created_at, line.name
                )?;
            }
            _ => {}
        }
        Ok(())
    })
}
