//! `frontdesk demo`: the daemon on a throw-away store, a recorded call and a WhatsApp conversation played
//! through its doors, and what it made of them as its API shows it.
//!
//! It runs on the defaults that ship, whatever this machine's configuration says, and leaves nothing behind.

mod play;
mod show;

use std::io::{self, IsTerminal, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::path::Path;

use clap::Args;

use super::scratch::Scratch;
use super::serve::runtime;
use super::{Failure, Shared};
use crate::admin::user::UserRequest;
use crate::admin::{self, Answer, Request};
use crate::app::{self, AppError};
use crate::client::ClientError;
use crate::config::{Config, Sources};
use crate::telemetry;
use show::Page;

/// The address that is taken if it is free: the daemon's own default.
const USUAL: SocketAddr = SocketAddr::new(std::net::IpAddr::V4(Ipv4Addr::LOCALHOST), 8080);

#[derive(Args)]
pub struct Command {
    /// Address to listen on; port 8080 of this machine alone, or a free one, if not given
    #[arg(long, value_name = "ADDR")]
    listen: Option<String>,
}

/// The demo's tokens, one a role.
struct Tokens {
    agent: String,
    read: String,
    ingest: String,
    admin: String,
}

pub fn run(command: &Command, shared: &Shared, out: &mut dyn Write) -> Result<(), Failure> {
    if shared.config.is_some() || shared.data_dir.is_some() {
        let why = "the demo runs on the defaults and on a store that it throws away: leave out --config \
                   and --data-dir, or use them with `frontdesk serve`";
        return Err(Failure::usage(why));
    }
    let listen = command.listen.clone().unwrap_or_else(|| free(USUAL).to_string());
    let quiet = Sources::default().flag("log.level", "--log-level", Some("warn"));
    let sources = shared.over(quiet).flag("http.listen", "--listen", Some(listen));
    let scratch = Scratch::new(&std::env::temp_dir(), "demo")?;
    let config = Config { data_dir: scratch.path().to_owned(), ..Config::load(&sources)? };
    telemetry::init(&config.log).map_err(Failure::failed)?;
    let colours = io::stdout().is_terminal()
        && std::env::var_os("NO_COLOR").is_none_or(|no| no.is_empty())
        && std::env::var_os("TERM").is_none_or(|term| term != "dumb");
    runtime()?.block_on(demonstrate(&config, &mut Page::new(out, colours)))?;
    drop(scratch);
    writeln!(out, "\nStopped. The demo's store is removed.")?;
    Ok(())
}

/// `usual`, or a free port of the same address when somebody listens there.
fn free(usual: SocketAddr) -> SocketAddr {
    match TcpListener::bind(usual) {
        Ok(_) => usual,
        Err(_) => SocketAddr::new(usual.ip(), 0),
    }
}

/// Serves, shows, and goes on serving until somebody stops it; a tour that failed stops it too.
async fn demonstrate(config: &Config, page: &mut Page<'_>) -> Result<(), Failure> {
    let told = app::stop_signal().map_err(Failure::failed)?;
    let mut shown = Ok(());
    let served = app::serve_until(config, |bound| {
        let shown = &mut shown;
        async move {
            let tour = async {
                *shown = tour(&config.data_dir, bound.http, page).await;
                if shown.is_ok() {
                    std::future::pending::<()>().await;
                }
            };
            tokio::select! {
                () = told => {}
                () = tour => {}
            }
        }
    })
    .await;
    served.map_err(|error| Failure::failed(advise(&error)))?;
    shown
}

/// What the user can do about it, where that is known.
fn advise(error: &AppError) -> String {
    match error {
        AppError::Listen(address, cause) if cause.kind() == io::ErrorKind::AddrInUse => format!(
            "cannot listen on {address}: another program is there. Leave out --listen to take a free port, or give another address"
        ),
        other => other.to_string(),
    }
}

async fn tour(data_dir: &Path, address: SocketAddr, page: &mut Page<'_>) -> Result<(), Failure> {
    page.greeting(address)?;
    let tokens = Tokens {
        agent: token(data_dir, "Dewi", "agent").await?,
        read: token(data_dir, "wallboard", "read").await?,
        ingest: token(data_dir, "bridge and relay", "ingest").await?,
        admin: token(data_dir, "owner", "admin").await?,
    };
    let password = demo_password()?;
    for person in PEOPLE {
        person.begin(data_dir, &password).await?;
    }
    let played = play::everything(address, &tokens.ingest).await?;
    page.played(&played)?;
    show::tickets(address, &tokens.agent, &played, page).await?;
    page.invitation(address, &tokens, &password, &played)?;
    Ok(())
}

/// Somebody who can log in to the demo.
struct Login {
    name: &'static str,
    email: &'static str,
    role: &'static str,
}

/// One of each role; Dewi is whom the token of scope agent acts for, too.
const PEOPLE: [Login; 3] = [
    Login { name: "Dewi", email: "dewi@demo.example", role: "agent" },
    Login { name: "Wulan", email: "wulan@demo.example", role: "supervisor" },
    Login { name: "Adi", email: "adi@demo.example", role: "admin" },
];

impl Login {
    /// Makes them as `frontdesk user add` does.
    async fn begin(&self, data_dir: &Path, password: &str) -> Result<(), Failure> {
        let (name, email) = (self.name.to_owned(), self.email.to_owned());
        let role = admin::role(self.role).map_err(Failure::failed)?;
        let password = Some(password.to_owned());
        let request = Request::User(UserRequest::Add { name, email, role, password });
        match first_answer(data_dir, request).await? {
            Some(Answer::Done) => Ok(()),
            Some(Answer::Error { text }) => Err(Failure::failed(text)),
            _ => Err(Failure::failed("the daemon made nobody")),
        }
    }
}

/// Another one in each demo.
fn demo_password() -> Result<String, Failure> {
    let mut bits = [0_u8; 4];
    getrandom::fill(&mut bits).map_err(Failure::failed)?;
    Ok(format!("demo-{:08x}", u32::from_be_bytes(bits)))
}

/// Makes a token as `frontdesk token create` does.
async fn token(data_dir: &Path, name: &str, scope: &str) -> Result<String, Failure> {
    let scopes = admin::scopes(&[scope.to_owned()]).map_err(Failure::failed)?;
    let request = Request::TokenCreate { name: name.to_owned(), scopes };
    match first_answer(data_dir, request).await? {
        Some(Answer::NewToken { token, .. }) => Ok(token),
        Some(Answer::Error { text }) => Err(Failure::failed(text)),
        _ => Err(Failure::failed("the daemon made no token")),
    }
}

async fn first_answer(data_dir: &Path, request: Request) -> Result<Option<Answer>, Failure> {
    let data_dir = data_dir.to_owned();
    let asked = tokio::task::spawn_blocking(move || {
        let mut answers = admin::ask(&data_dir, &request)?.into_iter().flatten();
        answers.next().transpose()
    });
    Ok(asked.await.map_err(Failure::failed)??)
}

impl From<ClientError> for Failure {
    fn from(error: ClientError) -> Failure {
        Failure::failed(error)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_taken_port_is_passed_over() {
        let taken = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let usual = taken.local_addr().unwrap();
        assert_eq!(free(usual), SocketAddr::new(usual.ip(), 0));
        drop(taken);
        assert_eq!(free(usual), usual);
    }
}
