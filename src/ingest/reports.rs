//! The doors of those who report calls without streaming them: Twilio, LiveKit, Vapi, OpenAI's SIP, Asterisk.

use axum::Json;
use axum::extract::{Request, State};
use serde::Serialize;

use super::door::{Delivery, Vendor, admit, admit_signed};
use super::{Doors, Refused, body, vendor};
use crate::describe::{self, ToSchema};
use crate::domain::entry::{MAX_TOOL_CALLS, Speaker, ToolCall};
use crate::domain::time::Micros;
use crate::engine;
use crate::engine::command::{Command, Reply};
use crate::engine::intake::{CallReport, CallTurn};
use crate::wire::problem::Problem;
use crate::wire::report::{self, Report, Tool, Turn};
use crate::wire::{
    asterisk as of_asterisk, form, livekit as of_livekit, sip, twilio as of_twilio, vapi as of_vapi,
};

/// What became of a report. All reports of a call lead to one ticket, in whatever order they come.
#[derive(Serialize, ToSchema)]
#[serde(untagged)]
pub enum ReportAnswer {
    Taken {
        #[schema(example = "success")]
        status: &'static str,
        #[schema(example = "GXS-20251128-A1B2C3D4")]
        ticket_id: String,
        number: u64,
    },
    Ignored {
        #[schema(example = "ignored")]
        status: &'static str,
        /// Why it was passed over: unknown_event, leg, …
        reason: &'static str,
    },
}

/// Twilio's status callback of a call.
#[describe::path(post, path = "/ingest/twilio/status", operation_id = "twilio_reports", tag = "doors", request_body(content = String, content_type = "application/x-www-form-urlencoded", description = "CallSid, CallStatus, From, To, …"),
    responses((status = 200, body = ReportAnswer)))]
pub async fn twilio(
    State(doors): State<Doors>,
    request: Request,
) -> Result<Json<ReportAnswer>, Refused> {
    let settings = &doors.settings.doors.twilio;
    let token = settings.auth_token.0.as_str();
    let check = |head: &_, body: &_| vendor::twilio(token, &settings.public_url, head, body);
    let delivery = admit_signed(&doors, Vendor::signing("twilio", token, &check), request).await?;
    const FORM: &str = "application/x-www-form-urlencoded";
    body::kind(&delivery, FORM, |kind| kind == FORM)?;
    take(&doors, "twilio", &delivery, of_twilio::parse(&form::pairs(&delivery.body))).await
}

/// LiveKit's webhook: who joined, and the end of a room.
#[describe::path(post, path = "/ingest/livekit", operation_id = "livekit_reports", tag = "doors", request_body(content = serde_json::Value, description = "a webhook event"),
    responses((status = 200, body = ReportAnswer)))]
pub async fn livekit(
    State(doors): State<Doors>,
    request: Request,
) -> Result<Json<ReportAnswer>, Refused> {
    let (settings, now) = (&doors.settings.doors.livekit, doors.now());
    let (key, secret) = (settings.api_key.0.as_str(), settings.api_secret.0.as_str());
    let check = |head: &_, body: &_| vendor::livekit(key, secret, now, head, body);
    let delivery =
        admit_signed(&doors, Vendor::signing("livekit", secret, &check), request).await?;
    take(&doors, "livekit", &delivery, of_livekit::parse(&body::json(&delivery)?)).await
}

/// Vapi's server message: the report at the end of a call bears all that was said.
#[describe::path(post, path = "/ingest/vapi", operation_id = "vapi_reports", tag = "doors", request_body(content = serde_json::Value, description = "a server message"),
    responses((status = 200, body = ReportAnswer)))]
pub async fn vapi(
    State(doors): State<Doors>,
    request: Request,
) -> Result<Json<ReportAnswer>, Refused> {
    let secret = doors.settings.doors.vapi.secret.0.as_str();
    let check = |head: &_, _: &[u8]| vendor::vapi(secret, head);
    let delivery = admit_signed(&doors, Vendor::signing("vapi", secret, &check), request).await?;
    take(&doors, "vapi", &delivery, of_vapi::parse(&body::json(&delivery)?)).await
}

/// OpenAI's webhook: a call has come in over SIP.
#[describe::path(post, path = "/ingest/openai", operation_id = "openai_reports", tag = "doors", request_body(content = serde_json::Value, description = "realtime.call.incoming"),
    responses((status = 200, body = ReportAnswer)))]
pub async fn openai(
    State(doors): State<Doors>,
    request: Request,
) -> Result<Json<ReportAnswer>, Refused> {
    let (secret, now) = (doors.settings.doors.openai.webhook_secret.0.as_str(), doors.now());
    let check = |head: &_, body: &_| vendor::openai(secret, now, head, body);
    let delivery = admit_signed(&doors, Vendor::signing("openai", secret, &check), request).await?;
    take(&doors, "openai", &delivery, sip::parse(&body::json(&delivery)?)).await
}

/// Asterisk's events, of ARI (JSON) or AMI (text), one or many at once; the answer is that of the last.
#[describe::path(post, path = "/ingest/asterisk", operation_id = "asterisk_reports", tag = "doors", request_body(content = String, content_type = "text/plain", description = "events of ARI or AMI"),
    responses((status = 200, body = ReportAnswer)))]
pub async fn asterisk(
    State(doors): State<Doors>,
    request: Request,
) -> Result<Json<ReportAnswer>, Refused> {
    let delivery = admit(&doors, request).await?;
    let events = of_asterisk::parse(&delivery.body)
        .map_err(|why| Problem::bad_request(format!("the body is neither JSON nor text: {why}")))?;
    let alone = events.len() == 1;
    let mut answer = Json(ReportAnswer::Ignored { status: "ignored", reason: "empty" });
    for event in events {
        answer = match event {
            // One bad event never loses its neighbours.
            report::Delivery::Empty(_) if !alone => continue,
            event => take(&doors, "asterisk", &delivery, event).await?,
        };
    }
    Ok(answer)
}

async fn take(
    doors: &Doors,
    door: &'static str,
    delivery: &Delivery,
    told: report::Delivery,
) -> Result<Json<ReportAnswer>, Refused> {
    // Reports are known again by call and event; a key only has to be one.
    delivery.idempotency().map_err(engine::Error::from)?;
    let count = |outcome| doors.engine.shared().metrics.event(door, outcome);
    let report = match told {
        report::Delivery::Report(report) => report,
        report::Delivery::Skipped(reason) => {
            count(reason);
            return Ok(Json(ReportAnswer::Ignored { status: "ignored", reason }));
        }
        report::Delivery::Empty(why) => return Err(Problem::bad_request(why).into()),
    };
    body::fits(report.turns.iter().map(size).sum())?;
    let command = Command::ReportCall(Box::new(command(*report)));
    let submission = delivery.submission(command);
    match doors.engine.submit(submission).await? {
        Reply::Taken { ticket, .. } => {
            count("stored");
            let (ticket_id, number) = (ticket.ticket_id, ticket.number);
            Ok(Json(ReportAnswer::Taken { status: "success", ticket_id, number }))
        }
        other => Err(body::unexpected(&other)),
    }
}

fn size(turn: &Turn) -> usize {
    let tool = |tool: &Tool| tool.arguments.len() + tool.output.as_ref().map_or(0, String::len);
    turn.text.len() + turn.tools.iter().map(tool).sum::<usize>()
}

fn command(report: Report) -> CallReport {
    CallReport {
        session_id: report.call,
        event: report.event,
        customer_name: report.name,
        customer_phone: report.phone,
        turns: report.turns.into_iter().map(turn).collect(),
        summary: report.summary,
        ended: report.ended,
        details: report.details.into_iter().map(|(name, value)| (name.to_owned(), value)).collect(),
    }
}

fn turn(turn: Turn) -> CallTurn {
    let calls = turn.tools.into_iter().take(MAX_TOOL_CALLS);
    CallTurn {
        speaker: if turn.by_customer { Speaker::User } else { Speaker::Agent },
        text: turn.text,
        at: turn.at.map(Micros),
        tool_calls: calls
            .map(|t| ToolCall { name: t.name, arguments: t.arguments, output: t.output })
            .collect(),
    }
}
