//! Machine tokens, for admins, as `frontdesk token` has them.

use axum::Json;
use axum::extract::{Path, State as Shared};
use axum::http::StatusCode;
use serde::{Deserialize, Serialize};

use super::State;
use super::account::id;
use super::calls::unexpected;
use super::error::Failure;
use super::extract::Input;
use super::queue::Nothing;
use crate::auth::token;
use crate::describe::{self, ToSchema};
use crate::domain::contact::{Scope, Token};
use crate::domain::time::Micros;
use crate::engine;
use crate::engine::command::{Command, Reply};
use crate::wire::problem::Problem;

#[derive(Serialize, ToSchema)]
pub struct Tokens {
    tokens: Vec<TokenView>,
}

#[derive(Serialize, ToSchema)]
pub struct TokenView {
    id: u64,
    name: String,
    /// ingest, read, agent, admin, assistant
    scopes: Vec<&'static str>,
    /// The agent that it acts as
    agent_id: Option<u64>,
    #[schema(value_type = String, format = DateTime)]
    created_at: Micros,
    #[schema(value_type = Option<String>, format = DateTime)]
    revoked_at: Option<Micros>,
}

impl From<&Token> for TokenView {
    fn from(t: &Token) -> TokenView {
        TokenView {
            id: t.id,
            name: t.name.clone(),
            scopes: t.scopes.iter().map(|scope| scope.as_str()).collect(),
            agent_id: t.agent,
            created_at: t.created_at,
            revoked_at: t.revoked_at,
        }
    }
}

/// Machine tokens, revoked ones included, by id.
#[describe::path(get, path = "/api/tokens", tag = "people", operation_id = "list_tokens", responses((status = 200, body = Tokens)))]
pub async fn list(Shared(state): Shared<State>) -> Json<Tokens> {
    let tokens = state.engine.shared().tokens();
    Json(Tokens { tokens: tokens.iter().map(|token| TokenView::from(token.as_ref())).collect() })
}

#[derive(Deserialize, ToSchema)]
pub struct NewToken {
    /// Who will use it; one of scope agent acts as the agent of this name
    #[schema(example = "Relay 1")]
    name: String,
    /// ingest, read, agent, admin or assistant; at least one
    #[schema(min_items = 1, example = json!(["ingest"]))]
    scopes: Vec<String>,
}

#[derive(Serialize, ToSchema)]
pub struct MadeToken {
    /// Shown now and never again
    secret: String,
    #[serde(flatten)]
    token: TokenView,
}

/// Makes a machine token.
#[describe::path(post, path = "/api/tokens", tag = "people", operation_id = "create_token", request_body = NewToken,
    responses((status = 201, body = MadeToken)))]
pub async fn create(
    Shared(state): Shared<State>,
    input: Input<NewToken>,
) -> Result<(StatusCode, Json<MadeToken>), Failure> {
    let scope = |(nth, word): (usize, &String)| {
        let why = "must be ingest, read, agent, admin or assistant";
        Scope::parse(word).ok_or_else(|| Problem::field(format!("scopes[{nth}]"), why))
    };
    let scopes = input.value.scopes.iter().enumerate().map(scope);
    let mut scopes = scopes.collect::<Result<Vec<_>, _>>()?;
    scopes.sort_unstable();
    scopes.dedup();
    let secret = token::generate()
        .map_err(|e| engine::Error::Unavailable(format!("no random bytes: {e}")))?;
    let name = input.value.name.clone();
    let command = Command::CreateToken { name, hash: token::hash(&secret), scopes };
    // Not under an idempotency key: what is told once cannot be told again.
    match state.engine.submit(input.caller.submission(command)).await? {
        Reply::Token(made) => {
            let token = TokenView::from(made.as_ref());
            Ok((StatusCode::CREATED, Json(MadeToken { secret, token })))
        }
        other => Err(unexpected(&other)),
    }
}

/// Revokes a machine token, at once.
#[describe::path(delete, path = "/api/tokens/{token}", tag = "people", operation_id = "revoke_token",
    params(("token" = String, Path, description = "the token's id")), responses((status = 204)))]
pub async fn revoke(
    Shared(state): Shared<State>,
    Path(token): Path<String>,
    input: Input<Nothing>,
) -> Result<StatusCode, Failure> {
    let command = Command::RevokeToken { id: id(&token, "token")? };
    input.carry_out(&state, command).await
}
