//! Mails that a mail server posts, whole.

use axum::Json;
use axum::extract::{Request, State};
use serde::Serialize;

use super::super::door::{Vendor, admit_signed};
use super::super::signature::{self, Coding, Digest};
use super::super::{Doors, Refused};
use super::{NotTaken, read};
use crate::describe::{self, ToSchema};
use crate::engine::command::{Command, Reply};
use crate::engine::mail::MailCommand;
use crate::wire::problem::Problem;

const DOOR: &str = "email";
const HEADER: &str = "x-signature-256";

/// What became of a mail. One that comes again is answered `duplicate`, with the ticket that it has.
#[derive(Serialize, ToSchema)]
pub struct MailAnswer {
    /// ticket (it opened one), reply, note (a machine's answer, or a bounce, kept for agents), duplicate, own (one of this
    /// desk's mails) or ignored (a machine's answer to nothing here)
    #[schema(example = "reply")]
    status: &'static str,
    /// The number of its ticket
    #[schema(example = 1001)]
    ticket: Option<u64>,
}

/// A mail server delivers a mail (S3.35).
///
/// The body is the mail as it came, RFC 5322 with MIME (`message/rfc822`), up to `mail.max_size`. It joins the ticket that it
/// answers, by `References`, `In-Reply-To` or the tag in an address or the subject, or opens one. Signed with
/// `X-Signature-256: sha256=HEX` (HMAC-SHA256 of the body) once `doors.email.hmac_key` is set.
#[describe::path(post, path = "/webhook/email", operation_id = "mail_arrives", tag = "doors",
    request_body(content = String, content_type = "message/rfc822", description = "the whole mail", example = "From: Budi <budi@example.com>\nTo: support@example.org\nSubject: Kulkas rusak\nMessage-ID: <1@example.com>\n\nHalo, kulkas saya rusak."),
    responses((status = 200, body = MailAnswer)))]
pub async fn mail_arrives(
    State(doors): State<Doors>,
    request: Request,
) -> Result<Json<MailAnswer>, Refused> {
    let secret = doors.settings.doors.email.hmac_key.given().map(str::to_owned);
    let check = secret.map(|key| {
        move |head: &axum::http::request::Parts, body: &[u8]| {
            let given = head.headers.get(HEADER).and_then(|value| value.to_str().ok());
            let Some(given) = given else { return Err(format!("the header {HEADER} is missing")) };
            let hex = given.trim().strip_prefix("sha256=").unwrap_or_default();
            let good = signature::verify(Digest::Sha256, Coding::Hex, key.as_bytes(), &[body], hex);
            let wrong = "is not that of this body under doors.email.hmac_key";
            good.then_some(()).ok_or_else(|| format!("the signature in {HEADER} {wrong}"))
        }
    });
    let check = check.as_ref().map(|check| check as &super::super::door::Check<'_>);
    let sizes = doors.settings.mail;
    let vendor = Vendor { door: DOOR, sends_tokens: true, check, max_body: Some(sizes.mail) };
    let delivery = admit_signed(&doors, vendor, request).await?;
    let metrics = &doors.engine.shared().metrics;
    let mail = match read(&doors.engine, sizes, delivery.body.clone(), None, false).await {
        Ok(mail) => mail,
        Err(NotTaken::NoMail) => {
            metrics.event(DOOR, "malformed");
            let why =
                "the body is no mail: expected headers as `From: …`, a blank line, and the text";
            return Err(Problem::bad_request(why).into());
        }
        Err(NotTaken::Engine(error)) => return Err(error.into()),
    };
    let command = Command::Mail(MailCommand::Take(Box::new(mail)));
    match doors.engine.submit(delivery.submission(command)).await? {
        Reply::Mail { ticket, became } => {
            metrics.event(DOOR, became.as_str());
            Ok(Json(MailAnswer { status: became.as_str(), ticket }))
        }
        other => Err(super::super::body::unexpected(&other)),
    }
}
