//! Mails beside the timeline: whom they are from and to, all of their text; by which way an answer goes; links that
//! somebody asks for (S3.43).

use axum::Json;
use axum::extract::State as Shared;
use futures_util::FutureExt;
use serde::Serialize;

use super::State;
use super::comments::NamedComment;
use super::error::{Failure, not_found};
use super::extract::Caller;
use super::tickets::visible;
use crate::describe::{self, ToSchema};
use crate::domain::channel::Channel;
use crate::domain::email;
use crate::domain::mail::Mail;
use crate::domain::ticket::Ticket;
use crate::engine::command::{Actor, Command};
use crate::engine::mail::MailCommand;
use crate::engine::rows::key;
use crate::http::visitor::Visitor;

/// What goes out by mail.
#[derive(Clone, Debug, Default)]
pub struct Outgoing {
    /// Tickets of these channels are answered by mail.
    pub channels: Vec<Channel>,
    /// Whether mails have links to tickets.
    pub links: bool,
}

/// A mail, beside the comment that holds its words.
#[derive(Serialize, ToSchema)]
pub struct MailView {
    /// received, comment, receipt, links, rating or summary
    #[schema(example = "received")]
    kind: &'static str,
    #[schema(example = "CAF1x@mail.example.com")]
    message_id: String,
    subject: String,
    #[schema(example = "budi@example.com")]
    from: String,
    to: Vec<String>,
    cc: Vec<String>,
    /// Message-IDs of its thread, oldest first
    references: Vec<String>,
    /// All of its text with what it quotes; null where the comment holds all of it
    full_text: Option<String>,
}

impl From<Mail> for MailView {
    fn from(mail: Mail) -> MailView {
        MailView {
            kind: mail.kind.as_str(),
            message_id: mail.message_id,
            subject: mail.subject,
            from: mail.from,
            to: mail.to,
            cc: mail.cc,
            references: mail.references,
            full_text: mail.full,
        }
    }
}

/// The mail that a comment, or an event of the timeline, came or went as: its head, and all of its text.
#[describe::path(get, path = "/api/tickets/{ref}/comments/{comment}/mail", operation_id = "read_mail", tag = "tickets",
    params(("ref" = String, Path, description = "any reference of the ticket"), ("comment" = u32, Path, description = "the comment's id")),
    responses((status = 200, body = MailView), (status = 404, description = "no such comment, or it is no mail")))]
pub async fn read(
    Shared(state): Shared<State>,
    caller: Caller,
    NamedComment(reference, comment): NamedComment,
) -> Result<Json<MailView>, Failure> {
    let found = state.engine.read(|rows| {
        let Some(ticket) = rows.resolve(&reference)?.filter(|t| visible(&caller, t)) else {
            return Ok(None);
        };
        let Some(item) = rows.item(&ticket, comment)? else { return Ok(None) };
        let entry = rows.entry(&item)?;
        rows.get::<Mail>(&key::of_entry(entry.ticket, entry.id, &[]))
    })?;
    Ok(Json(found.ok_or_else(|| not_found("such mail"))?.into()))
}

/// By which way a public comment on this ticket goes to its customer; none where it stays here.
pub fn way_out(state: &State, ticket: &Ticket) -> Option<&'static str> {
    let known =
        ticket.requester.email.as_deref().is_some_and(|known| email::is_address(known.trim()));
    match ticket.channel {
        Channel::Whatsapp => Some("whatsapp"),
        channel if known && state.desk.mail.channels.contains(&channel) => Some("email"),
        _ => None,
    }
}

/// Sends links to the tickets of an address, if there are any and mails have links. Whoever asks learns nothing of that,
/// not even by how long it takes.
pub fn send_links(state: &State, visitor: &Visitor, address: String) {
    if !state.desk.mail.links {
        return;
    }
    let engine = state.engine.clone();
    let actor = Actor::Token { name: "portal".into() };
    let unaddressed =
        Command::Mail(MailCommand::Links { address: String::new(), tickets: Vec::new() });
    let mut submission = visitor.submission(actor, unaddressed);
    tokio::spawn(
        async move {
            let tickets = match engine.tickets_of_address(&address) {
                Ok(tickets) if tickets.is_empty() => return,
                Ok(tickets) => tickets,
                Err(error) => {
                    tracing::warn!(%error, "the tickets of somebody who asked could not be read");
                    return;
                }
            };
            submission.command = Command::Mail(MailCommand::Links { address, tickets });
            if let Err(error) = engine.submit(submission).await {
                tracing::warn!(%error, "a mail with links could not be queued");
            }
        }
        .boxed(),
    );
}
