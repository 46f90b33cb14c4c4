//! What people do about their own account: password, second factor, sessions.

use axum::Json;
use axum::extract::{Path, State as Shared};
use axum::http::StatusCode;
use serde::{Deserialize, Serialize};

use super::State;
use super::error::{Failure, not_found};
use super::extract::Input;
use super::login::{busy, check};
use super::person::Person;
use super::queue::Nothing;
use crate::auth::{password, secret};
use crate::describe::{self, ToSchema};
use crate::domain::session::Proof;
use crate::domain::time::Micros;
use crate::domain::totp;
use crate::engine;
use crate::engine::account::{AccountCommand, Ending};
use crate::engine::command::{Actor, Command};
use crate::engine::people::Live;
use crate::wire::problem::Problem;

/// The hash of a password that may be chosen; `field` is where it came from.
pub async fn hashed(
    state: &State,
    field: &str,
    chosen: &str,
    who: &[&str],
) -> Result<String, Failure> {
    if let Some(why) = password::refusal(chosen, who) {
        return Err(Problem::field(field, why).into());
    }
    state.auth.passwords.hash(chosen).await.map_err(busy)
}

#[derive(Deserialize, ToSchema)]
pub struct NewPassword {
    /// The password in force
    current: String,
    /// 10 to 256 characters, none of the commonest
    new: String,
}

/// Another password. Every other session ends.
#[describe::path(post, path = "/api/auth/password", tag = "people", request_body = NewPassword, responses((status = 204)))]
pub async fn change_password(
    Shared(state): Shared<State>,
    person: Person,
    input: Input<NewPassword>,
) -> Result<StatusCode, Failure> {
    let agent = &person.agent;
    let who = [agent.name.as_str(), agent.email.as_deref().unwrap_or_default()];
    if let Some(why) = password::refusal(&input.value.new, &who) {
        return Err(Problem::field("new", why).into());
    }
    let checked = checked(&state, &person, "current", &input.value.current).await?;
    let password = hashed(&state, "new", &input.value.new, &who).await?;
    let (agent, checked, keep) = (agent.id, Some(checked), Some(person.session));
    let command = AccountCommand::SetPassword { agent, password, checked, keep };
    input.carry_out(&state, Command::Account(command)).await
}

/// The hash of the person's own password, which they show once more. A wrong one is the field's fault: the session
/// is good.
pub async fn checked(
    state: &State,
    person: &Person,
    field: &str,
    shown: &str,
) -> Result<String, Failure> {
    let keys = person.keys();
    let checked = check(state, keys, Some(&person.agent), shown).await;
    let wrong = |refused: Failure| match refused.status() {
        401 => Problem::field(field, "is not your password").into(),
        _ => refused,
    };
    let checked = checked.map_err(wrong)?;
    state.auth.failures.succeed(keys);
    Ok(checked)
}

#[derive(Deserialize, ToSchema)]
pub struct Confirmed {
    /// The person's password
    password: String,
}

#[derive(Serialize, ToSchema)]
pub struct Offered {
    /// To be typed into an app that reads no codes
    #[schema(example = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ")]
    secret: String,
    /// The same as apps read it from a picture
    #[schema(
        example = "otpauth://totp/frontdesk:dewi@example.com?secret=GEZDGNBV&issuer=frontdesk"
    )]
    uri: String,
}

/// Offers a second factor (TOTP, RFC 6238). It is asked for once a first code has confirmed it.
#[describe::path(post, path = "/api/auth/totp", tag = "people", request_body = Confirmed, responses((status = 200, body = Offered)))]
pub async fn offer_totp(
    Shared(state): Shared<State>,
    person: Person,
    input: Input<Confirmed>,
) -> Result<Json<Offered>, Failure> {
    checked(&state, &person, "password", &input.value.password).await?;
    let bits = secret::draw().map_err(no_bits)?;
    let mut secret = [0; 20];
    secret.copy_from_slice(&bits[..20]);
    let command = AccountCommand::OfferSecondFactor { agent: person.agent.id, secret };
    // Not under an idempotency key: another try is another secret.
    submit(&state, &person, command).await?;
    let text = totp::base32(&secret);
    let account = person.agent.email.as_deref().unwrap_or_default();
    // An address holds nothing that would end a URI but these.
    let account = account.replace('%', "%25").replace('?', "%3F").replace('#', "%23");
    let uri = format!("otpauth://totp/frontdesk:{account}?secret={text}&issuer=frontdesk");
    Ok(Json(Offered { secret: text, uri }))
}

fn no_bits(error: getrandom::Error) -> Failure {
    engine::Error::Unavailable(format!("the system gives no random bytes: {error}")).into()
}

async fn submit(state: &State, person: &Person, command: AccountCommand) -> Result<(), Failure> {
    let actor: Actor = super::login::actor(&person.agent);
    let submission = person.visitor.submission(actor, Command::Account(command));
    state.engine.submit(submission).await?;
    Ok(())
}

#[derive(Deserialize, ToSchema)]
pub struct Code {
    /// What the app shows now
    #[schema(example = "287082")]
    code: String,
}

#[derive(Serialize, ToSchema)]
pub struct RecoveryCodes {
    /// Each lets in once instead of a code of the app; shown now and never again
    recovery_codes: Vec<String>,
}

/// Confirms the second factor with its first code.
#[describe::path(post, path = "/api/auth/totp/confirm", tag = "people", request_body = Code, responses((status = 200, body = RecoveryCodes)))]
pub async fn confirm_totp(
    Shared(state): Shared<State>,
    person: Person,
    input: Input<Code>,
) -> Result<Json<RecoveryCodes>, Failure> {
    let (recovery_codes, recovery) = secret::recovery_codes().map_err(no_bits)?;
    let (agent, code) = (person.agent.id, input.value.code);
    submit(&state, &person, AccountCommand::ConfirmSecondFactor { agent, code, recovery }).await?;
    Ok(Json(RecoveryCodes { recovery_codes }))
}

/// Takes the second factor away.
#[describe::path(delete, path = "/api/auth/totp", tag = "people", request_body = Confirmed, responses((status = 204)))]
pub async fn drop_totp(
    Shared(state): Shared<State>,
    person: Person,
    input: Input<Confirmed>,
) -> Result<StatusCode, Failure> {
    checked(&state, &person, "password", &input.value.password).await?;
    let command = AccountCommand::DropSecondFactor { agent: person.agent.id };
    submit(&state, &person, command).await?;
    Ok(StatusCode::NO_CONTENT)
}

#[derive(Serialize, ToSchema)]
pub struct Sessions {
    sessions: Vec<SessionView>,
}

#[derive(Serialize, ToSchema)]
pub struct SessionView {
    id: u64,
    /// Whether this is the session that asks
    current: bool,
    /// cookie (a browser) or token (an API client)
    kind: &'static str,
    #[schema(value_type = String, format = DateTime)]
    began_at: Micros,
    /// Seconds since its last request, as far as this start of the daemon knows
    idle_seconds: i64,
    address: Option<String>,
    /// The client as it called itself
    client: Option<String>,
}

impl SessionView {
    pub fn of(live: &Live, used: Micros, now: Micros, current: Option<u64>) -> SessionView {
        let session = &live.session;
        SessionView {
            id: session.id,
            current: Some(session.id) == current,
            kind: match session.proof {
                Proof::Cookie(_) => "cookie",
                Proof::Refresh { .. } => "token",
            },
            began_at: session.began_at,
            idle_seconds: (now.0 - used.0).max(0) / Micros::SECOND,
            address: session.address.map(|address| address.to_string()),
            client: session.client.clone(),
        }
    }
}

/// The sessions of somebody, oldest first.
pub fn sessions_of(state: &State, agent: u64, current: Option<u64>) -> Sessions {
    let shared = state.engine.shared();
    let now = shared.steady();
    let found = shared.people().sessions_of(agent, now);
    let views = found.into_iter().map(|(live, used)| SessionView::of(&live, used, now, current));
    Sessions { sessions: views.collect() }
}

/// The caller's sessions, oldest first.
#[describe::path(get, path = "/api/auth/sessions", tag = "people", responses((status = 200, body = Sessions)))]
pub async fn sessions(Shared(state): Shared<State>, person: Person) -> Json<Sessions> {
    Json(sessions_of(&state, person.agent.id, Some(person.session)))
}

/// Ends all the caller's sessions but the one that asks.
#[describe::path(delete, path = "/api/auth/sessions", tag = "people", responses((status = 204)))]
pub async fn end_other_sessions(
    Shared(state): Shared<State>,
    person: Person,
    input: Input<Nothing>,
) -> Result<StatusCode, Failure> {
    let which = Ending::AllBut(Some(person.session));
    let command = AccountCommand::EndSessions { agent: person.agent.id, which };
    input.carry_out(&state, Command::Account(command)).await
}

/// Ends one of the caller's sessions.
#[describe::path(delete, path = "/api/auth/sessions/{session}", tag = "people",
    params(("session" = String, Path, description = "the number of one of the caller's sessions")), responses((status = 204)))]
pub async fn end_session(
    Shared(state): Shared<State>,
    Path(session): Path<String>,
    person: Person,
    input: Input<Nothing>,
) -> Result<StatusCode, Failure> {
    let session = id(&session, "session")?;
    let which = Ending::One(session);
    let command = AccountCommand::EndSessions { agent: person.agent.id, which };
    input.carry_out(&state, Command::Account(command)).await
}

/// The number in a path; what is none names nothing.
pub fn id(text: &str, what: &str) -> Result<u64, Failure> {
    text.parse().map_err(|_| not_found(&format!("such {what}")))
}
