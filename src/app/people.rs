//! What recognises people: made beside the engine, by the daemon and by the command line alike.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use super::AppError;
use crate::auth::backoff::Backoff;
use crate::auth::password::{Cost, Hasher};
use crate::auth::signing::SigningKeys;
use crate::auth::{Authenticator, Lives, secret};
use crate::config::Config;
use crate::domain::session::Account;
use crate::engine::account::AccountCommand;
use crate::engine::command::{Actor, Command, Submission};
use crate::engine::rows::MAX_AGENTS;
use crate::engine::{self, Engine};
use crate::net::tls::names;
use crate::store::Order;

/// `listen` is where browsers find the daemon.
pub fn authenticator(
    config: &Config,
    listen: SocketAddr,
    engine: &Engine,
) -> Result<Arc<Authenticator>, AppError> {
    let micros = |d: Duration| i64::try_from(d.as_micros()).unwrap_or(i64::MAX);
    let auth = &config.auth;
    let access_life = micros(auth.access_life);
    let configured = auth.signing_key.given();
    let now = engine.shared().steady();
    let signing = SigningKeys::open(&config.data_dir, configured, access_life, now)?;
    let accounts =
        engine.read(|rows| rows.scan::<Account>(&[], None, Order::Ascending, MAX_AGENTS))?;
    let hashes = accounts.iter().filter_map(|(_, account)| account.password.as_deref());
    let cost = hashes.filter_map(Cost::of).next();
    Ok(Arc::new(Authenticator {
        passwords: Hasher::new(cost),
        signing,
        failures: Backoff::default(),
        access_life,
        lives: Lives {
            life: micros(auth.session_life),
            idle: micros(auth.session_idle),
            remembered: micros(auth.remembered_life),
        },
        address: address(config, listen),
    }))
}

/// As a browser of this network asks for it: the host's name where the daemon listens everywhere.
fn address(config: &Config, listen: SocketAddr) -> String {
    let scheme = config.http.tls.scheme();
    match names::host().filter(|_| listen.ip().is_unspecified()) {
        Some(host) => format!("{scheme}://{host}:{}", listen.port()),
        None => format!("{scheme}://{listen}"),
    }
}

/// A link by which the first admin begins, as long as there is nobody; the one of an earlier start ends.
pub async fn set_up_link(engine: &Engine, auth: &Authenticator) -> Option<String> {
    if engine.shared().people().has_people() {
        return None;
    }
    let (token, hash) = secret::link().ok()?;
    let command = Command::Account(AccountCommand::MakeLink { agent: None, hash });
    match engine.submit(Submission::new(Actor::System, command)).await {
        Ok(_) => Some(auth.link(&token)),
        Err(engine::Error::Refused(_)) => None,
        Err(error) => {
            tracing::warn!(%error, "no set-up link could be made; the next start makes one");
            None
        }
    }
}
