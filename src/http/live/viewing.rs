//! Who looks at a ticket, and who writes on it: kept for a moment, told to those who look too.

use axum::Json;
use axum::extract::State as Shared;
use futures_util::FutureExt;
use serde::{Deserialize, Serialize};
use tokio::time::{Duration, sleep};

use super::moment::ViewerView;
use crate::describe::{self, ToSchema};
use crate::domain::reference::Reference;
use crate::engine::command::Actor;
use crate::engine::moments::{GRACE, Viewer};
use crate::http::State;
use crate::http::error::{Failure, not_found};
use crate::http::extract::{Caller, Input, Named};
use crate::http::tickets::visible;
use crate::wire::problem::Problem;

#[derive(Deserialize, ToSchema)]
pub struct ViewingBody {
    /// Whether they write on it just now
    #[serde(default)]
    pub typing: bool,
    /// False: they look elsewhere from now on
    #[serde(default = "yes")]
    pub viewing: bool,
}

fn yes() -> bool {
    true
}

#[derive(Serialize, ToSchema)]
pub struct ViewingAnswer {
    #[schema(example = 1001)]
    pub number: u64,
    /// All who look at it now, the caller among them
    pub viewers: Vec<ViewerView>,
}

/// Says that the caller looks at a ticket, and whether they write on it. To be said again within 30 seconds for as long
/// as it holds. Those who look at the same ticket are told by live events (`ticket.viewing`).
#[describe::path(post, path = "/api/tickets/{ref}/viewing", operation_id = "view_ticket", tag = "tickets", request_body = ViewingBody, params(("ref" = String, Path, description = "any reference of the ticket")),
    responses((status = 200, body = ViewingAnswer)))]
pub async fn view(
    Shared(state): Shared<State>,
    Named(reference): Named,
    input: Input<ViewingBody>,
) -> Result<Json<ViewingAnswer>, Failure> {
    look(&state, &input.caller, &reference, &input.value).map(Json)
}

/// The same, by whichever way it is said.
pub fn look(
    state: &State,
    caller: &Caller,
    reference: &Reference,
    said: &ViewingBody,
) -> Result<ViewingAnswer, Failure> {
    let Actor::Agent { id, name, .. } = &caller.actor else {
        let why = "only agents look at tickets: this token acts as none";
        return Err(Problem::new(403, "Forbidden", why).into());
    };
    let found = state.engine.read(|rows| rows.resolve(reference))?;
    let ticket = found.filter(|t| visible(caller, t)).ok_or_else(|| not_found("such ticket"))?;
    let moments = state.engine.shared().moments();
    if !said.viewing {
        moments.leaves(ticket.number, *id);
        return Ok(ViewingAnswer { number: ticket.number, viewers: Vec::new() });
    }
    let viewer = Viewer { agent: *id, name: name.clone(), typing: said.typing };
    let viewers = moments.looks(ticket.number, viewer);
    let engine = state.engine.clone();
    tokio::spawn(
        async move {
            sleep(GRACE + Duration::from_millis(100)).await;
            engine.shared().moments().expire();
        }
        .boxed(),
    );
    Ok(ViewingAnswer {
        number: ticket.number,
        viewers: viewers.into_iter().map(ViewerView::from).collect(),
    })
}
