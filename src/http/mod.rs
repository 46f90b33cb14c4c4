//! The API: one router that reads as a table of contents, one file a resource.

mod account;
mod agents;
mod analytics;
mod analytics_export;
mod analytics_query;
mod assignment;
mod attachments;
mod audit;
mod auth;
mod business_hours;
mod calls;
mod calls_reports;
mod calls_view;
mod canned;
mod categories;
mod comments;
pub mod connections;
mod contacts;
mod contacts_csv;
mod contacts_history;
mod contacts_list;
mod contacts_merge;
mod contacts_view;
mod conversations;
mod cookies;
mod customer;
mod customer_files;
mod delivery;
#[cfg(test)]
mod description;
mod drafts;
mod error;
mod escalations;
mod etag;
mod extract;
mod feed;
mod forwarded;
mod headers;
mod intake;
mod legacy;
mod limiter;
mod limits;
pub mod live;
mod login;
pub mod mail;
mod marks;
mod mcp;
mod ops;
mod origins;
mod pace;
mod person;
mod place;
mod portal;
mod portal_tokens;
mod presence;
mod privacy;
mod privacy_export;
mod public;
mod queue;
mod refused;
mod rings;
mod rules;
mod satisfaction;
mod search;
mod search_query;
mod search_view;
pub mod secure;
pub mod server;
mod setup;
mod sla;
pub mod system;
mod ticket_view;
mod tickets;
mod tickets_actions;
mod tickets_activity;
mod tickets_bulk;
mod tickets_edit;
mod tickets_list;
mod tickets_merge;
mod tokens;
mod updates;
mod upload;
mod v2;
mod visitor;
mod webhooks;
mod webhooks_view;

use std::path::Path;
use std::sync::Arc;

use axum::Router;
use axum::middleware::from_fn_with_state;
use axum::routing::get;
use tokio::sync::Semaphore;

use self::system::CertificateView;
use crate::auth::Authenticator;
use crate::config::{PrivacyConfig, Range};
use crate::domain::language::Language;
use crate::engine::Engine;
#[cfg(test)]
use crate::routes::Description;
use crate::routes::{Routes, routes};
pub use legacy::router as legacy_router;
pub use limits::Limits;

/// What handlers share. A request passes some layers, each of which has a clone of it: so it is one pointer.
#[derive(Clone)]
pub struct State(Arc<Parts>);

impl State {
    pub fn new(parts: Parts) -> State {
        State(Arc::new(parts))
    }
}

impl std::ops::Deref for State {
    type Target = Parts;

    fn deref(&self) -> &Parts {
        &self.0
    }
}

/// What [`State`] is of.
pub struct Parts {
    pub engine: Engine,
    pub agents_see_all: bool,
    pub max_body: usize,
    /// The header in which doors take tokens, too.
    pub door_header: Arc<str>,
    /// The certificate of the box's own authority, as PEM.
    pub authority: Option<Arc<str>>,
    /// Tells of the certificate that clients see at the moment; none without TLS.
    pub certificate: Option<Arc<dyn Fn() -> CertificateView + Send + Sync>>,
    /// Where the note on the last backup lies.
    pub data_dir: Arc<Path>,
    pub public: Arc<Public>,
    pub live: Arc<live::Live>,
    pub desk: Arc<Desk>,
    pub limits: Arc<Limits>,
    /// Pages elsewhere that may use the API.
    pub origins: Arc<[String]>,
    pub auth: Arc<Authenticator>,
    /// Whether listeners speak TLS.
    pub tls: bool,
    /// What is not kept, and how long the rest is.
    pub privacy: PrivacyConfig,
}

/// What the desk is called, takes and may call.
pub struct Desk {
    pub name: String,
    /// Of the customers' pages, `#rrggbb`.
    pub color: Option<String>,
    /// Open tickets that an agent takes who has no number of their own.
    pub capacity: u32,
    /// Dates for people are of this zone.
    pub zone: jiff::tz::TimeZone,
    /// Bytes of one file.
    pub max_file: u64,
    /// Bytes that a customer may send to a ticket in a day.
    pub customer_daily: u64,
    pub mail: mail::Outgoing,
    pub uploads: Semaphore,
    /// Whether webhooks may go to an address; if not, why.
    pub judge_url: fn(&[Range], &str) -> Result<(), String>,
    pub allowed: Vec<Range>,
    /// Of what assistants' tools say, where nothing tells the customer's.
    pub language: Language,
}

/// What is open to everybody.
pub struct Public {
    /// Whose chatbots may hand chats over; none names all.
    pub workspaces: Vec<String>,
}

/// The OpenAPI document of the whole API, made anew; `describe_doors` adds the intake's. The one that is served is
/// `docs/openapi.json`.
#[cfg(test)]
pub fn describe(describe_doors: fn(Description) -> Description) -> utoipa::openapi::OpenApi {
    let Description(document) = describe_doors(api(Description(description::base())));
    description::complete(document)
}

/// The whole API. `doors` are the routes of the intake.
pub fn router(state: State, doors: Router) -> Router {
    let around = (Arc::clone(&state.engine.shared().metrics), Arc::clone(&state.origins));
    api(Router::new())
        .route("/socket.io/", live::socketio::service(&state))
        // S1.13 asks for the list with a slash.
        .route("/api/tickets/", get(tickets_list::list))
        .with_state(state.clone())
        .merge(doors)
        .merge(crate::web::router())
        .route_layer(from_fn_with_state(state.clone(), rings::inner))
        .fallback(|| async { axum::http::StatusCode::NOT_FOUND })
        .layer(from_fn_with_state(around, rings::outer))
}

fn api<R: Routes<State>>(to: R) -> R {
    let to = to
        .routes(routes!(ops::health))
        .routes(routes!(ops::ready))
        .routes(routes!(ops::metrics))
        .routes(routes!(system::read))
        .routes(routes!(updates::read))
        .routes(routes!(privacy::read))
        .routes(routes!(privacy::deeds))
        .routes(routes!(privacy::find))
        .routes(routes!(privacy::export))
        .routes(routes!(privacy::erase))
        .routes(routes!(secure::authority))
        .routes(routes!(login::login))
        .routes(routes!(login::refresh))
        .routes(routes!(login::logout))
        .routes(routes!(login::me))
        .routes(routes!(setup::set_up))
        .routes(routes!(account::change_password))
        .routes(routes!(account::offer_totp, account::drop_totp))
        .routes(routes!(account::confirm_totp))
        .routes(routes!(account::sessions, account::end_other_sessions))
        .routes(routes!(account::end_session))
        .routes(routes!(agents::list, agents::add))
        .routes(routes!(agents::change))
        .routes(routes!(agents::link))
        .routes(routes!(agents::sessions, agents::end_sessions))
        .routes(routes!(agents::drop_totp))
        .routes(routes!(tokens::list, tokens::create))
        .routes(routes!(tokens::revoke))
        .routes(routes!(portal_tokens::revoke))
        .routes(routes!(calls::list, calls::open))
        .routes(routes!(calls_reports::stats))
        .routes(routes!(calls_reports::categories))
        .routes(routes!(calls_reports::resolution_time))
        .routes(routes!(calls_reports::hourly))
        .routes(routes!(calls_reports::tool_calls))
        .routes(routes!(calls::detail, calls::update))
        .routes(routes!(calls::log_interaction))
        .routes(routes!(calls::add_metadata))
        .routes(routes!(calls::close))
        .routes(routes!(calls::export))
        .routes(routes!(queue::queue))
        .routes(routes!(queue::my_tickets))
        .routes(routes!(queue::all))
        .routes(routes!(queue::claim))
        .routes(routes!(intake::create))
        .routes(routes!(intake::set_status))
        .routes(routes!(public::from_chat))
        .routes(routes!(public::escalate))
        .routes(routes!(place::read))
        .routes(routes!(customer::submit))
        .routes(routes!(customer::lookup))
        .routes(routes!(customer::reply))
        .routes(routes!(customer::rate))
        .routes(routes!(customer_files::send))
        .routes(routes!(customer_files::read))
        .routes(routes!(portal::look))
        .routes(routes!(categories::list, categories::create))
        .routes(routes!(categories::read, categories::update, categories::delete))
        .routes(routes!(canned::list, canned::create))
        .routes(routes!(canned::read, canned::update, canned::delete))
        .routes(routes!(canned::count_use))
        .routes(routes!(canned::render))
        .routes(routes!(webhooks::list, webhooks::create))
        .routes(routes!(webhooks::read, webhooks::update, webhooks::delete))
        .routes(routes!(webhooks::rotate))
        .routes(routes!(webhooks::test))
        .routes(routes!(webhooks::redeliver_all))
        .routes(routes!(webhooks::deliveries))
        .routes(routes!(webhooks::delivery))
        .routes(routes!(webhooks::redeliver))
        .routes(routes!(attachments::list, attachments::add))
        .routes(routes!(attachments::read, attachments::delete))
        .routes(routes!(satisfaction::read))
        .routes(routes!(analytics::now))
        .routes(routes!(analytics::overview))
        .routes(routes!(analytics::volume))
        .routes(routes!(analytics::distribution))
        .routes(routes!(analytics::agents))
        .routes(routes!(analytics::sla))
        .routes(routes!(analytics::csat))
        .routes(routes!(analytics::peak_hours))
        .routes(routes!(analytics_export::export))
        .routes(routes!(tickets_list::list, tickets_edit::create))
        .routes(routes!(search::everything))
        .routes(routes!(search::suggest))
        .routes(routes!(search::similar))
        .routes(routes!(tickets_bulk::bulk))
        .routes(routes!(
            tickets::read,
            tickets_edit::put,
            tickets_edit::patch,
            tickets_edit::delete
        ))
        .routes(routes!(tickets_edit::restore))
        .routes(routes!(tickets::timeline))
        .routes(routes!(tickets_activity::list))
        .routes(routes!(tickets_actions::resolve))
        .routes(routes!(tickets_actions::close))
        .routes(routes!(tickets_actions::reopen))
        .routes(routes!(tickets_actions::assign))
        .routes(routes!(tickets_actions::unassign))
        .routes(routes!(tickets_actions::escalate))
        .routes(routes!(tickets_actions::deescalate))
        .routes(routes!(tickets_actions::add_tags))
        .routes(routes!(tickets_actions::remove_tag))
        .routes(routes!(tickets_actions::follow))
        .routes(routes!(tickets_actions::unfollow))
        .routes(routes!(tickets_actions::relate))
        .routes(routes!(tickets_actions::unrelate))
        .routes(routes!(tickets_merge::merge))
        .routes(routes!(tickets_merge::unmerge))
        .routes(routes!(comments::list, comments::add))
        .routes(routes!(drafts::read, drafts::save))
        .routes(routes!(comments::edit, comments::delete))
        .routes(routes!(comments::resend))
        .routes(routes!(mail::read))
        .routes(routes!(comments::say))
        .routes(routes!(contacts_list::list, contacts::create))
        .routes(routes!(contacts_csv::import))
        .routes(routes!(contacts_csv::export))
        .routes(routes!(contacts::read, contacts::change, contacts::erase))
        .routes(routes!(contacts_history::tickets))
        .routes(routes!(contacts_history::timeline))
        .routes(routes!(contacts_merge::merge))
        .routes(routes!(contacts_merge::split))
        .routes(routes!(presence::list, presence::set))
        .routes(routes!(presence::set_workload))
        .routes(routes!(presence::next))
        .routes(routes!(assignment::list, assignment::create))
        .routes(routes!(assignment::read, assignment::update, assignment::delete))
        .routes(routes!(rules::list, rules::create))
        .routes(routes!(rules::read, rules::update, rules::switch, rules::delete))
        .routes(routes!(rules::runs))
        .routes(routes!(rules::test))
        .routes(routes!(escalations::list))
        .routes(routes!(sla::list, sla::create))
        .routes(routes!(sla::update, sla::delete))
        .routes(routes!(sla::apply))
        .routes(routes!(sla::of_ticket))
        .routes(routes!(business_hours::list, business_hours::create))
        .routes(routes!(business_hours::update, business_hours::delete))
        .routes(routes!(conversations::read))
        .routes(routes!(conversations::set_mode));
    v2::routes(to)
        .routes(routes!(mcp::message))
        .routes(routes!(audit::list))
        .routes(routes!(feed::read))
        .routes(routes!(live::sse::events))
        .routes(routes!(live::socket::connect))
        .routes(routes!(live::calls::running))
        .routes(routes!(live::calls::flag))
        .routes(routes!(live::viewing::view))
        .routes(routes!(feed::cursors))
        .routes(routes!(feed::move_cursor, feed::drop_cursor))
}
